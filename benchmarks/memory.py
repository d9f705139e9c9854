"""The most memory that this process has held.

Not ``ru_maxrss``: Linux hands it on over an exec, so that a small child of a large process has its parent's.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["peak"]


def peak() -> int:
    """Return the greatest resident size of this process so far, in bytes.

    Examples
    --------
    >>> 10**6 < peak() < 10**12
    True
    """
    rows = Path("/proc/self/status").read_text().splitlines()
    (size,) = (row.split()[1] for row in rows if row.startswith("VmHWM"))
    return int(size) * 1024
