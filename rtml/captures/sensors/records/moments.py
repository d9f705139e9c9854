"""Times as sensors write them: ISO 8601, or a number of seconds, milli-, micro- or nanoseconds since 1970."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.clock import is_plausible
from rtml.captures.sensors.records.seldom import mostly
from rtml.times import UTC_NS, from_text

__all__ = ["since_1970", "when"]

_UNITS = ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3))
"""Numbers below the first are of the unit that has so many nanoseconds: 1973 in one is 5138 in the next."""


def when(text: pl.Expr) -> pl.Expr:
    """Return times in UTC, to the nanosecond; null for what is none of the years 1970 to 2199.

    Parameters
    ----------
    text
        ISO 8601, with an offset or of UTC, or a number, also one with a fraction: of seconds.

    Examples
    --------
    >>> texts = ["2027-01-01T00:00:00.5Z", "1798761600", "1798761600.5", "1798761600500000000", "0001-01-01"]
    >>> pl.DataFrame({"at": texts}).select(at=when(pl.col("at")).dt.epoch("ms"))["at"].to_list()
    [1798761600500, 1798761600000, 1798761600500, 1798761600500, None]
    """
    return mostly(text, _in_utc, lambda rest: mostly(rest, since_1970, _iso))


def _in_utc(text: pl.Expr) -> pl.Expr:
    return from_text(pl.when(text.str.ends_with("Z") & text.str.contains("T", literal=True)).then(text), "%+")


def _iso(text: pl.Expr) -> pl.Expr:
    marked = pl.when(text.str.contains(r"T.*(?:Z|[+-]\d\d:?\d\d)$")).then(text).otherwise(text + "Z")
    return pl.when(text.str.contains("T", literal=True)).then(from_text(marked, "%+"))


def since_1970(text: pl.Expr) -> pl.Expr:
    """Return times of numbers alone, of the unit in which they lie in our time; zero is no time.

    Examples
    --------
    >>> texts = ["1798761600", "1798761600000", "1798761600000000", "0", "-1", "1e99", "12:00"]
    >>> pl.DataFrame({"at": texts}).select(at=since_1970(pl.col("at")).dt.year())["at"].to_list()
    [2027, 2027, 2027, None, None, None, None]
    """
    return mostly(text, _whole, _with_fraction)


def _whole(text: pl.Expr) -> pl.Expr:
    """Return times of what is digits alone; a cast of 64 bits is ten times as fast as a pattern."""
    number = pl.when(~text.str.starts_with("+")).then(text).cast(pl.Int64, strict=False)
    return _moment(number, pl.lit(0))


def _with_fraction(text: pl.Expr) -> pl.Expr:
    parts = text.str.extract_groups(r"^(\d{1,19})(?:\.(\d{1,9})\d*)?$").struct
    number = parts["1"].cast(pl.Int64, strict=False)
    return _moment(number, parts["2"].str.pad_end(9, "0").cast(pl.Int64, strict=False).fill_null(0))


def _moment(number: pl.Expr, fraction: pl.Expr) -> pl.Expr:
    unit = pl.lit(1)
    for most, size in reversed(_UNITS):
        unit = pl.when(number < most).then(size).otherwise(unit)
    nanoseconds = number * unit + pl.when(unit == 10**9).then(fraction).otherwise(0)
    return pl.when((number > 0) & is_plausible(nanoseconds)).then(nanoseconds.cast(UTC_NS))
