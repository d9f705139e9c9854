"""Rows of any tool, with a file of the user's that says which column is what."""

from rtml.captures.sensors.generic.reading import generic

__all__ = ["generic"]
