"""Times as expressions that keep nanoseconds.

Polars turns ``ns column + timedelta`` into microseconds; event times and their windows then no
longer join. These two keep them equal.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

__all__ = ["UTC_NS", "instant", "span"]

UTC_NS = pl.Datetime("ns", "UTC")


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
    """Return one moment in UTC nanoseconds."""
    return pl.lit(at).cast(UTC_NS)
