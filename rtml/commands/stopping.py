"""Ctrl-C and SIGTERM, heard by commands that run until somebody stops them."""

from __future__ import annotations

import signal
import time
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


def heard_stop() -> Stop:
    """Listen for Ctrl-C and SIGTERM from now on."""
    stop = Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.heard.append(time.monotonic()))
    return stop
