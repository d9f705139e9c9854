"""The version of rtml."""

__all__ = ["VERSION"]

VERSION = "0.1.0"
