"""Lengths and points of time as people write them, read without loading anything heavy."""

from __future__ import annotations

import datetime as dt

from rtml.errors import UsageError

__all__ = ["interval", "utc_time"]

_UNITS = {"s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


def interval(every: str) -> int:
    """Return the length of a window in nanoseconds.

    Examples
    --------
    >>> interval("60s"), interval("5m")
    (60000000000, 300000000000)
    >>> interval("1 week")
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: window length '1 week': write a whole number and s, m or h, like '60s'
    """
    number, unit = every[:-1], every[-1:]
    if unit not in _UNITS or not (number.isascii() and number.isdigit() and int(number)):
        raise UsageError(f"window length {every!r}: write a whole number and s, m or h, like '60s'")
    return int(number) * _UNITS[unit]


def utc_time(text: str) -> dt.datetime:
    """Return a point of time in UTC; a time without an offset is one of UTC.

    Examples
    --------
    >>> utc_time("2026-11-24T04:14:00+01:00").isoformat()
    '2026-11-24T03:14:00+00:00'
    >>> utc_time("yesterday")
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: time 'yesterday': write one like 2026-11-24T03:14:00Z
    """
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"time {text!r}: write one like 2026-11-24T03:14:00Z") from error
    return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
