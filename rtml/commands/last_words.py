"""What is said when a command cannot speak for itself: out of memory, or killed from outside.

Where memory ends, the allocator of Polars aborts the process, or the system kills it: no exception reaches
Python. So a small process of its own waits beside the command, and says one sentence if the command is gone
without having told that it is done.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["WORDS", "spoken_for"]

WORDS = (
    "error: rtml was ended before it was done: out of memory, or killed from outside;"
    " nothing half written counts (try fewer or shorter captures, or more memory)\n"
)


@contextmanager
def spoken_for() -> Iterator[None]:
    """Have somebody say `WORDS` on standard error if this process dies within."""
    telling = _witness()
    try:
        yield
    finally:
        if telling is not None:
            with suppress(OSError):
                os.write(telling, b".")


def _witness() -> int | None:
    """Start the process that waits; return where to tell it that all is well."""
    if not hasattr(os, "fork"):
        return None
    hearing, telling = os.pipe()
    try:
        child = os.fork()
    except OSError:  # no process to be had: then nobody speaks
        os.close(hearing)
        os.close(telling)
        return None
    if child == 0:
        os.close(telling)
        _wait(hearing)
    os.close(hearing)
    return telling


def _wait(hearing: int) -> None:
    """Wait for word or the end, and go."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for stream in (0, 1):
            with suppress(OSError):
                os.close(stream)
        if not os.read(hearing, 1):
            os.write(2, WORDS.encode())
    finally:
        os._exit(0)
