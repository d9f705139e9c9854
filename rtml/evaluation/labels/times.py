"""Times of labels, in whatever form people write them, as UTC nanoseconds."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import polars as pl

from rtml.errors import RtmlError
from rtml.times import UTC_NS

__all__ = ["as_utc", "nanoseconds"]

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
# Below 1e11 a Unix number can only be seconds (1e11 s is the year 5138), and so on by thousands.
_UNITS = ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3))
_EARLIEST, _LATEST = 0, 7_258_118_400 * 10**9  # 1970, where sensors that count from boot begin, to 2200


def nanoseconds(value: str | int | float) -> int:
    """Return Unix nanoseconds of one written time.

    Integers and integer texts are seconds, milli-, micro- or nanoseconds by their magnitude;
    other texts are ISO-8601, without an offset taken as UTC, exact to the microsecond.

    Raises
    ------
    ValueError
        Fails when the text is no time, or the time lies outside 1970 to 2200.

    Examples
    --------
    >>> nanoseconds(1795490205), nanoseconds("1795490205495040701")
    (1795490205000000000, 1795490205495040701)
    >>> nanoseconds("2026-11-24T04:16:45+01:00") == nanoseconds("2026-11-24 03:16:45Z")
    True
    """
    text = str(value).strip()
    if _NUMBER.fullmatch(text):
        stamp = _unix(float(text) if "." in text else int(text))
    else:
        moment = dt.datetime.fromisoformat(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        stamp = (aware - _EPOCH) // dt.timedelta(microseconds=1) * 1000
    if not _EARLIEST <= stamp <= _LATEST:
        raise ValueError(f"{text} lies outside the years 1970 to 2200")
    return stamp


def _unix(number: int | float) -> int:
    factor = next((scale for limit, scale in _UNITS if abs(number) < limit), 1)
    return round(number * factor)


def as_utc(series: pl.Series, where: str) -> pl.Series:
    """Return a label column as UTC nanoseconds; an `RtmlError` names the row that is no time.

    Examples
    --------
    >>> as_utc(pl.Series("start", ["soon"]), "labels")
    Traceback (most recent call last):
    ...
    rtml.errors.RtmlError: labels: row 1: start 'soon' is no time (ISO-8601 or Unix integer)...
    """
    if isinstance(series.dtype, pl.Datetime):
        zoned = series if series.dtype.time_zone else series.dt.replace_time_zone("UTC")
        return zoned.dt.convert_time_zone("UTC").cast(UTC_NS)
    cells = [_stamp(cell, f"{where}: row {row}", series.name) for row, cell in enumerate(series, 1)]
    return pl.Series(series.name, cells, pl.Int64).cast(UTC_NS)


def _stamp(cell: Any, where: str, name: str) -> int | None:
    if cell is None:
        return None
    try:
        return nanoseconds(cell)
    except (ValueError, OverflowError) as fault:
        raise RtmlError(
            f"{where}: {name} {str(cell)[:80]!r} is no time (ISO-8601 or Unix integer): {fault}"
        ) from fault
