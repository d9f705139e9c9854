"""One moment on three clocks: wall time, time since boot (the sensor's), monotonic time."""

from __future__ import annotations

import time

__all__ = ["Stamp", "stamp", "stepped"]

Stamp = dict[str, int]


def stamp() -> Stamp:
    """Return now, in nanoseconds, on the three clocks."""
    return {
        "unix_ns": time.time_ns(),
        "boot_ns": time.clock_gettime_ns(time.CLOCK_BOOTTIME),
        "mono_ns": time.monotonic_ns(),
    }


def stepped(begin: Stamp, end: Stamp) -> float:
    """Seconds by which the wall clock was set between two stamps; 0 when it just ran.

    Examples
    --------
    >>> stepped({"unix_ns": 0, "boot_ns": 0}, {"unix_ns": 5_000_000_000, "boot_ns": 2_000_000_000})
    3.0
    """
    wall, boot = end["unix_ns"] - begin["unix_ns"], end["boot_ns"] - begin["boot_ns"]
    return (wall - boot) / 1e9
