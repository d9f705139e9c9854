"""A time-ordered split, and the proof that it is one.

Windows are cut into ``train``, ``calibrate`` and ``test`` by time alone, never by chance. A window
that straddles a boundary belongs to no part: its first half would be trained on while its second
half is already judged.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from rtml.errors import RtmlError
from rtml.splits import PARTS, Split
from rtml.times import Length, Window, instant

__all__ = ["assign", "refuse_peeking"]


def assign(windows: pl.DataFrame, split: Split, every: Length) -> pl.DataFrame:
    """Add ``part``: train, calibrate, test, or null for windows outside or across a boundary.

    Examples
    --------
    >>> begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    >>> minute = dt.timedelta(minutes=1)
    >>> windows = pl.DataFrame({"window": [begin + n * minute for n in range(4)]})
    >>> half = Split(begin + 1.5 * minute, begin + 3 * minute, begin, begin + 4 * minute)
    >>> assign(windows, half, minute)["part"].to_list()
    ['train', None, 'calibrate', 'test']
    """
    length = Window.of(every).span
    part = pl.lit(None, pl.String)
    for name in reversed(PARTS):
        begin, end = (instant(edge) for edge in split.bounds(name))
        inside = (pl.col("window") >= begin) & (pl.col("window") + length <= end)
        part = pl.when(inside).then(pl.lit(name)).otherwise(part)
    return windows.with_columns(part=part)


def refuse_peeking(subject: str, fitted_until: dt.datetime | None, test: dt.datetime) -> None:
    """Raise when a model or a threshold was fitted on data that reaches into test time.

    Examples
    --------
    >>> begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    >>> hour = dt.timedelta(hours=1)
    >>> refuse_peeking("threshold of forest", begin + 2.5 * hour, begin + 2 * hour)
    Traceback (most recent call last):
    ...
    rtml.errors.RtmlError: threshold of forest was fitted on data up to 2026-01-01 02:30:00+00:00...
    """
    if fitted_until is not None and fitted_until > test:
        raise RtmlError(
            f"{subject} was fitted on data up to {fitted_until}, but test time begins at "
            f"{test}; fit on training and calibration windows only"
        )
