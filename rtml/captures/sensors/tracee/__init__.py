"""Tracee: its JSON events, of each of the three forms in which its versions write them."""
