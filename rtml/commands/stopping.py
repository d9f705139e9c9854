"""Ctrl-C and SIGTERM, heard by commands that run until somebody stops them."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

__all__ = ["Stop", "heard_stop"]

_PATIENCE = 5.0
"""Seconds for which what came before the stop is still read; a log that grows faster has no end."""


@dataclass
class Stop:
    """When somebody said stop: ``heard``, in seconds of the monotonic clock.

    Examples
    --------
    >>> stop = Stop()
    >>> stop.asked(), Stop([time.monotonic()]).asked(), Stop([time.monotonic()]).pressing()
    (False, True, False)
    >>> Stop([time.monotonic() - 60]).pressing()
    True
    """

    heard: list[float] = field(default_factory=list)

    def asked(self) -> bool:
        """Tell whether somebody said stop."""
        return bool(self.heard)

    def pressing(self) -> bool:
        """Tell whether that was so long ago that nothing more is read."""
        return bool(self.heard) and time.monotonic() - self.heard[0] > _PATIENCE


@contextmanager
def heard_stop() -> Iterator[Stop]:
    """Listen for Ctrl-C and SIGTERM within the block; then who listened before does so again."""
    stop = Stop()
    before = {
        number: signal.signal(number, lambda *_: stop.heard.append(time.monotonic()))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
