"""Times as sensors write them: ISO 8601, or a number of seconds, milli-, micro- or nanoseconds since 1970.

A file has a million of them, nearly all in one form: that one is read by what is fastest (Arrow for ISO 8601
in UTC, numpy for numbers), and only rows of which it makes nothing go through the others. Each form knows
its own texts alone, so the order in which they are tried changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from rtml.captures.sensors.clock import END
from rtml.times import UTC_NS, from_text

__all__ = ["since_1970", "utc", "when"]

_UNITS = ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3))
"""Numbers below the first are of the unit that has so many nanoseconds: 1973 in one is 5138 in the next."""

_ARROW = pa.timestamp("ns", "UTC")
_X = pl.col("x")
_SHORTEST, _LONGEST = len("2027-01-01T00:00:00Z"), len("2027-01-01T00:00:00.000000000Z")

Way = Callable[[pl.Series], pl.Series]
"""From texts, of which none is null, to times; null for what is none in this form."""


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
    return text.map_batches(_when, return_dtype=UTC_NS, is_elementwise=True)


def since_1970(text: pl.Expr) -> pl.Expr:
    """Return times of numbers alone, of the unit in which they lie in our time; zero is no time.

    Examples
    --------
    >>> texts = ["1798761600", "1798761600000", "1798761600000000", "0", "-1", "1e99", "12:00"]
    >>> pl.DataFrame({"at": texts}).select(at=since_1970(pl.col("at")).dt.year())["at"].to_list()
    [2027, 2027, 2027, None, None, None, None]
    """
    return text.map_batches(_since_1970, return_dtype=UTC_NS, is_elementwise=True)


def utc(text: pl.Expr) -> pl.Expr:
    """Return times of ISO 8601 with date, time and offset, or of UTC; null for what is none of 1970 to 2199.

    Examples
    --------
    >>> texts = ["2027-01-01T00:00:00.5Z", "2027-01-01T02:00:00+02:00", "1798761600", "0001-01-01T00:00:00Z"]
    >>> pl.DataFrame({"at": texts}).select(at=utc(pl.col("at")).dt.epoch("ms"))["at"].to_list()
    [1798761600500, 1798761600000, None, None]
    """
    return text.map_batches(_utc, return_dtype=UTC_NS, is_elementwise=True)


def _utc(texts: pl.Series) -> pl.Series:
    return _in_turn(texts, (_plain_utc, _any_utc))


def _when(texts: pl.Series) -> pl.Series:
    return _in_turn(texts, (_plain_utc, _whole, _in_utc, _seconds, _with_fraction, _iso))


def _since_1970(texts: pl.Series) -> pl.Series:
    return _in_turn(texts, (_whole, _seconds, _with_fraction))


def _in_turn(texts: pl.Series, ways: Sequence[Way]) -> pl.Series:
    """Return times, where each way sees the texts of which those before it made nothing."""
    if texts.null_count() == texts.len():
        return pl.Series(texts.name, [None], UTC_NS).new_from_index(0, texts.len())
    there = texts.is_not_null().arg_true() if texts.null_count() else None
    left = texts if there is None else texts.gather(there)
    done = pl.Series(texts.name, [None], UTC_NS).new_from_index(0, left.len())
    places: pl.Series | None = None
    for way in ways:
        found = way(left)
        done = found if places is None else done.scatter(places, found)
        if not found.null_count():
            break
        missing = found.is_null().arg_true()
        places = missing if places is None else places.gather(missing)
        left = left.gather(missing)
    done = done.alias(texts.name)
    if there is None:
        return done
    nothing = pl.Series(texts.name, [None], UTC_NS).new_from_index(0, texts.len())
    return nothing.scatter(there, done)


def _plain_utc(texts: pl.Series) -> pl.Series:
    """Read ISO 8601 in UTC to the second or finer, all of it or nothing: ten times as fast as a format."""
    nothing = pl.Series([None], dtype=UTC_NS).new_from_index(0, texts.len())
    if not texts.to_frame("x").select(_PLAIN_UTC).item():
        return nothing
    try:
        times = texts.to_arrow().cast(pa.string()).cast(_ARROW)
    except pa.ArrowInvalid:
        return nothing
    return pl.Series(times, dtype=UTC_NS)


_PLAIN_UTC = (
    _X.str.len_bytes().is_between(_SHORTEST, _LONGEST)
    & (_X.str.slice(10, 1) == "T")
    & _X.str.ends_with("Z")
    & (_X >= "1970-")
    & (_X < "2200-")
).all()
"""Arrow reads more than we do: a space for the T, hours alone; and years turn over in its nanoseconds."""


def _any_utc(texts: pl.Series) -> pl.Series:
    return texts.to_frame("x").select(_ANY_UTC)["x"]


def _in_utc(texts: pl.Series) -> pl.Series:
    return texts.to_frame("x").select(_IN_UTC)["x"]


def _iso(texts: pl.Series) -> pl.Series:
    return texts.to_frame("x").select(_ISO)["x"]


_IN_UTC = from_text(pl.when(_X.str.ends_with("Z") & _X.str.contains("T", literal=True)).then(_X), "%+").alias(
    "x"
)
_ANY_UTC = from_text(_X, "%+").alias("x")
_MARKED = pl.when(_X.str.contains(r"T.*(?:Z|[+-]\d\d:?\d\d)$")).then(_X).otherwise(_X + "Z")
_ISO = pl.when(_X.str.contains("T", literal=True)).then(from_text(_MARKED, "%+")).alias("x")


def _whole(texts: pl.Series) -> pl.Series:
    """Return times of what is digits alone; a cast of 64 bits is ten times as fast as a pattern."""
    return _moments(texts.to_frame("x").select(_WHOLE)["x"])


def _seconds(texts: pl.Series) -> pl.Series:
    """Read seconds of ten digits, up to 2033, with up to nine behind the point: in half the time of any."""
    return texts.to_frame("x").select(_SECONDS)["x"]


def _with_fraction(texts: pl.Series) -> pl.Series:
    parts = texts.to_frame("x").select(_PARTS).unnest("x")
    return _moments(parts["1"].cast(pl.Int64, strict=False), parts["2"])


_WHOLE = pl.when(~_X.str.starts_with("+")).then(_X).cast(pl.Int64, strict=False)
_SECONDS = (
    pl.when(_X.str.contains(r"^1.{9}\.\d{1,9}$"))
    .then(_X.str.replace(".", "", literal=True).str.pad_end(19, "0"))
    .cast(pl.Int64, strict=False)
    .cast(UTC_NS)
)
_PARTS = _X.str.extract_groups(r"^(\d{1,19})(?:\.(\d{1,9})\d*)?$").alias("x")


def _moments(numbers: pl.Series, fractions: pl.Series | None = None) -> pl.Series:
    """Return times of numbers, whichever unit they are of; a fraction is one of seconds."""
    counted = numbers.fill_null(0).to_numpy()
    unit = np.ones_like(counted)
    for most, size in reversed(_UNITS):
        unit[counted < most] = size
    nanoseconds = counted * unit
    if fractions is not None:
        part = fractions.to_frame("x").select(_FRACTION)["x"].to_numpy()
        nanoseconds[unit == 10**9] += part[unit == 10**9]
    never = (counted <= 0) | (nanoseconds < 0) | (nanoseconds >= END)
    return pl.Series(pa.array(nanoseconds, mask=never)).cast(UTC_NS)


_FRACTION = _X.str.pad_end(9, "0").cast(pl.Int64, strict=False).fill_null(0)
