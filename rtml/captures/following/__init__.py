"""Captures that grow: piece by piece from lines, each process known over all pieces, any size."""
