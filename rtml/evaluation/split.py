"""A time-ordered split, and the proof that it is one.

Windows are cut into ``train``, ``calibrate`` and ``test`` by time alone, never by chance. A window
that straddles a boundary belongs to no part: its first half would be trained on while its second
half is already judged.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from rtml.errors import RtmlError, UsageError
from rtml.times import instant, span

__all__ = ["PARTS", "Split", "assign", "by_fractions", "by_times", "refuse_peeking"]

PARTS = ("train", "calibrate", "test")


@dataclass(frozen=True)
class Split:
    """Boundaries in UTC: train from ``start``, then calibrate, then test until ``end``.

    Examples
    --------
    >>> day = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    >>> hour = dt.timedelta(hours=1)
    >>> Split(day, day + 2 * hour, day + hour, day + 3 * hour)
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: split: calibrate (2026-01-01 02:00:00+00:00) must begin before test...
    """

    start: dt.datetime
    calibrate: dt.datetime
    test: dt.datetime
    end: dt.datetime

    def __post_init__(self) -> None:
        """Refuse boundaries that are not UTC or not in order."""
        bounds = {"train": self.start, "calibrate": self.calibrate, "test": self.test}
        named = [*bounds.items(), ("end", self.end)]
        for name, at in named:
            if at.utcoffset() != dt.timedelta(0):
                raise UsageError(f"split: {name} ({at}) has no UTC offset; write it with a final Z")
        for (name, at), (after, then) in zip(named, named[1:], strict=False):
            if at >= then:
                raise UsageError(f"split: {name} ({at}) must begin before {after} ({then})")

    def bounds(self, part: str) -> tuple[dt.datetime, dt.datetime]:
        """Return where a part begins and ends (half-open)."""
        edges = (self.start, self.calibrate, self.test, self.end)
        place = PARTS.index(part)
        return edges[place], edges[place + 1]


def by_times(
    windows: pl.DataFrame,
    every: dt.timedelta,
    calibrate: dt.datetime,
    test: dt.datetime,
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
) -> Split:
    """Return the split with the given boundaries; ``start`` and ``end`` default to the data's."""
    first, last = _span(windows, every)
    return Split(start or first, calibrate, test, end or last)


def by_fractions(
    windows: pl.DataFrame, every: dt.timedelta, train: float = 0.5, calibrate: float = 0.2
) -> Split:
    """Return the split at fractions of the *time* that the windows span, on window boundaries.

    Fractions of time, not of rows: a busy last hour must not move the boundary.

    Examples
    --------
    >>> begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    >>> minute = dt.timedelta(minutes=1)
    >>> windows = pl.DataFrame({"window": [begin + n * minute for n in range(10)]})
    >>> by_fractions(windows, minute).test.isoformat()
    '2026-01-01T00:07:00+00:00'
    """
    if not (0 < train < 1 and 0 < calibrate < 1 and train + calibrate < 1):
        raise UsageError(
            f"split: fractions train {train} and calibrate {calibrate} must be over 0 and leave "
            "some time to test"
        )
    first, last = _span(windows, every)
    steps = (last - first) // every
    edges = [first + every * round(steps * share) for share in (train, train + calibrate)]
    return Split(first, edges[0], edges[1], last)


def _span(windows: pl.DataFrame, every: dt.timedelta) -> tuple[dt.datetime, dt.datetime]:
    if windows.is_empty():
        raise RtmlError("split: there are no windows to split; is the capture empty?")
    first, last = windows["window"].min(), windows["window"].max()
    assert isinstance(first, dt.datetime) and isinstance(last, dt.datetime)
    return first, last + every


def assign(windows: pl.DataFrame, split: Split, every: dt.timedelta) -> pl.DataFrame:
    """Add ``part``: train, calibrate, test, or null for windows outside or across a boundary.

    Examples
    --------
    >>> begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    >>> minute = dt.timedelta(minutes=1)
    >>> windows = pl.DataFrame({"window": [begin + n * minute for n in range(4)]})
    >>> half = Split(begin, begin + 1.5 * minute, begin + 3 * minute, begin + 4 * minute)
    >>> assign(windows, half, minute)["part"].to_list()
    ['train', None, 'calibrate', 'test']
    """
    part = pl.lit(None, pl.String)
    for name in reversed(PARTS):
        begin, end = (instant(edge) for edge in split.bounds(name))
        inside = (pl.col("window") >= begin) & (pl.col("window") + span(every) <= end)
        part = pl.when(inside).then(pl.lit(name)).otherwise(part)
    return windows.with_columns(part=part)


def refuse_peeking(what: str, fitted_until: dt.datetime | None, split: Split) -> None:
    """Raise when a model or a threshold was fitted on data that reaches into test time.

    Examples
    --------
    >>> begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    >>> hour = dt.timedelta(hours=1)
    >>> split = Split(begin, begin + hour, begin + 2 * hour, begin + 3 * hour)
    >>> refuse_peeking("threshold of forest", begin + 2.5 * hour, split)
    Traceback (most recent call last):
    ...
    rtml.errors.RtmlError: threshold of forest was fitted on data up to 2026-01-01 02:30:00+00:00...
    """
    if fitted_until is not None and fitted_until > split.test:
        raise RtmlError(
            f"{what} was fitted on data up to {fitted_until}, but test time begins at "
            f"{split.test}; fit on training and calibration windows only"
        )
