"""Data sets: found, prepared, described."""
