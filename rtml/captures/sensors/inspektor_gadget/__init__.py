"""Inspektor Gadget: JSON lines of one gadget a file, in its old flat and its new nested shape."""
