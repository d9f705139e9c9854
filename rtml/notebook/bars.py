"""How wide a bar of time is: as wide as was asked for, or as a picture can still show."""

from __future__ import annotations

import datetime as dt

import polars as pl

__all__ = ["MOST_BARS", "bar", "bounds", "seconds_of"]

MOST_BARS = 300
"""Bars side by side; finer ones would be thinner than two pixels."""

_NICE = (
    "1s 2s 5s 10s 20s 30s 1m 2m 5m 10m 20m 30m 1h 2h 4h 8h 12h 1d 2d 7d 14d 30d 60d 120d 365d 730d 3650d"
).split()


def seconds_of(every: str) -> float:
    """Return the length of a Polars duration.

    Examples
    --------
    >>> seconds_of("2m"), seconds_of("100ms")
    (120.0, 0.1)
    """
    since = pl.select(pl.lit(0).cast(pl.Datetime("us")).dt.offset_by(every).dt.epoch("us")).item()
    return float(since) / 1e6


def bar(low: float, high: float, every: str | None, most: int = MOST_BARS) -> str:
    """Return the width of a bar between two times in seconds: ``every``, or wider where that is too fine.

    Examples
    --------
    >>> bar(0, 600, "10s"), bar(0, 86_400, "10s"), bar(0, 600, None)
    ('10s', '5m', '2s')
    """
    if every is not None and (high - low) / seconds_of(every) <= most:
        return every
    return next((step for step in _NICE if (high - low) / seconds_of(step) <= most), _NICE[-1])


def bounds(events: pl.LazyFrame) -> tuple[float, float] | None:
    """Return the first and last time in seconds since 1970; None without any event."""
    ends = events.select(low=pl.col("time").min(), high=pl.col("time").max()).collect(engine="streaming")
    low, high = ends.row(0)
    return (low.timestamp(), high.timestamp()) if isinstance(low, dt.datetime) else None
