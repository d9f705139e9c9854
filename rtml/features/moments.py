"""When an event was, as one number: the least of a group is its first event."""

from __future__ import annotations

import polars as pl

__all__ = ["moment", "with_seq"]


def moment() -> pl.Expr:
    """Return ``time`` and ``seq`` as one number, ``_moment``; its least costs a third of asking for both.

    Examples
    --------
    >>> rows = pl.DataFrame({"time": pl.Series([2, 1, 1]).cast(pl.Datetime("ns")), "seq": [0, 9, 8]})
    >>> with_seq(rows.select(moment().min(), pl.col("time").min()))["seq"].to_list()
    [8]
    """
    return (_time() + pl.col("seq")).alias("_moment")


def with_seq(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows of ``time`` and ``_moment`` with ``seq`` instead of the latter."""
    seq = (pl.col("_moment") - _time()).cast(pl.Int64)
    return rows.with_columns(seq=seq).drop("_moment")


def _time() -> pl.Expr:
    return pl.col("time").to_physical().cast(pl.Int128) * pl.lit(2**64, pl.Int128)
