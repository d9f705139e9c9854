"""Payload stand-ins that the lab's infrastructure container serves: harmless, bounded, readable.

Each leaves the events of what it stands for and does nothing else. They run inside the lab's
containers, take every address as an argument and use the standard library only.
"""
