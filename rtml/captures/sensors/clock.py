"""Which times can be true: a damaged record often shows first in its clock."""

from __future__ import annotations

import polars as pl

__all__ = ["END", "is_plausible"]

END = 7_258_118_400_000_000_000
"""2200-01-01 in nanoseconds since 1970."""


def is_plausible(nanoseconds: pl.Expr) -> pl.Expr:
    """Say whether a time lies from 1970 up to, not including, 2200; null is not plausible.

    Examples
    --------
    >>> times = pl.DataFrame({"ns": [0, -1, 1_588_262_421_405_659_008, 2**63 - 1, None]})
    >>> times.select(is_plausible(pl.col("ns")))["ns"].to_list()
    [True, False, True, False, False]
    """
    return nanoseconds.is_between(0, END, closed="left").fill_null(False)
