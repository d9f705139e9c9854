"""Trying again, with back-off, and quietly: the one place that says how often and how long."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import stamina

__all__ = ["attempts"]

_MOST, _SECONDS, _FIRST_WAIT = 5, 45.0, 0.2

# Every retry would be a line on standard error where nobody has set up logging.
logging.getLogger("stamina").addHandler(logging.NullHandler())


def attempts(on: type[Exception] | Callable[[Exception], bool | float]) -> Iterator[stamina.Attempt]:
    """Yield attempts, each a context; what ``on`` says of an error decides whether, or when, there is a next.

    Examples
    --------
    >>> for attempt in attempts(OSError):
    ...     with attempt:
    ...         done = attempt.num
    >>> done
    1
    """
    return iter(stamina.retry_context(on=on, attempts=_MOST, timeout=_SECONDS, wait_initial=_FIRST_WAIT))
