"""Times as Polars has them: expressions that keep nanoseconds.

Polars turns ``ns column + timedelta`` into microseconds; event times and their windows then no
longer join. `span` and `instant` keep them equal.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

__all__ = ["UTC_NS", "from_text", "instant", "nanoseconds", "span"]

UTC_NS = pl.Datetime("ns", "UTC")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LAST = 2**63 - 1


def span(length: dt.timedelta) -> pl.Expr:
    """Return a length of time in nanoseconds.

    Examples
    --------
    >>> at = pl.DataFrame({"t": pl.Series([1]).cast(UTC_NS)})
    >>> at.select(pl.col("t") + span(dt.timedelta(seconds=1))).dtypes == [UTC_NS]
    True
    """
    return pl.lit(length).cast(pl.Duration("ns"))


def instant(at: dt.datetime) -> pl.Expr:
    """Return one moment in UTC nanoseconds; of years that these cannot count (from 2262) the last they can.

    Examples
    --------
    >>> at = dt.datetime(2026, 1, 1, 0, 0, 0, 7, tzinfo=dt.UTC)
    >>> pl.select(instant(at)).item() == at
    True
    """
    # As a number: Polars makes a table of a literal that has a time zone, each time.
    return pl.lit(nanoseconds(at), pl.Int64).cast(UTC_NS)


def nanoseconds(at: dt.datetime) -> int:
    """Return a moment in nanoseconds since 1970, as near as 64 bits can count.

    Examples
    --------
    >>> nanoseconds(dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC))
    1000000000
    """
    return max(-_LAST, min((at - _EPOCH) // dt.timedelta(microseconds=1) * 1000, _LAST))


def from_text(text: pl.Expr, format: str | None = None) -> pl.Expr:
    """Read times, of ISO 8601 or as ``format`` says; null where there is none of the years 1970 to 2199.

    Polars counts nanoseconds in 64 bits and begins anew behind them: the year 1 would become 1754. Each text
    is read by itself, whatever stands before it: a time without an offset is UTC, a day its first moment,
    and what may be the first of February or the second of January is no time.

    Examples
    --------
    >>> texts = ["2027-01-01T00:00:00.000000001Z", "0001-01-01T00:00:00Z", "2262-04-12T00:00:00Z", "soon"]
    >>> pl.DataFrame({"at": texts}).select(from_text(pl.col("at")))["at"].is_null().to_list()
    [False, True, True, True]
    >>> texts = ["2027-01-01", "2027-01-01 00:00", "2027-01-01T02:00:00+02:00", "01/02/2027"]
    >>> pl.DataFrame({"at": texts}).select(from_text(pl.col("at")).dt.epoch("s"))["at"].to_list()
    [1798761600, 1798761600, 1798761600, None]
    """
    if format is None:
        text, format = _spelled_out(text), "%+"
    coarse = text.str.to_datetime(format, time_unit="us", time_zone="UTC", strict=False)
    fine = text.str.to_datetime(format, time_unit="ns", time_zone="UTC", strict=False)
    return pl.when(coarse.dt.year().is_between(1970, 2199)).then(fine)


_ISO = r"^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?)? ?([Zz]|[+-]\d\d:\d\d|[+-]\d{4}|[+-]\d\d)?$"


def _spelled_out(text: pl.Expr) -> pl.Expr:
    """Write a time of ISO 8601 with everything that it may leave out; null for what is none."""
    part = [text.str.extract(_ISO, n).fill_null("") for n in range(5)]
    offset = part[4].str.to_uppercase().str.replace(r"^([+-]\d\d):?(\d\d)?$", "${1}:${2}")
    whole = pl.concat_str(
        part[1],
        pl.lit("T"),
        part[2].replace("", "00:00"),
        part[3].replace("", ":00"),
        offset.replace("", "Z").str.replace(":$", ":00"),
    )
    return pl.when(part[1] != "").then(whole)
