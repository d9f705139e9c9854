"""Work that many rows repeat: done once per distinct text, and put back in place."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import polars as pl

__all__ = ["by_distinct"]

Work = Callable[[pl.Expr], pl.Expr]
"""From texts to what they mean; a function of a module, for what it makes is kept."""


def by_distinct(text: pl.Expr, work: Work, kind: pl.DataType | None = None) -> pl.Expr:
    """Return what ``work`` makes of texts, each distinct one looked at once: for ids, addresses and flags.

    Parameters
    ----------
    text
        The texts.
    work
        From an expression of texts to one of what they mean.
    kind
        The type of what it makes; None: text.

    Examples
    --------
    >>> flags = pl.DataFrame({"f": ["A", "b", "A", None]})
    >>> flags.select(by_distinct(pl.col("f"), lambda text: text.str.to_lowercase()))["f"].to_list()
    ['a', 'b', 'a', None]
    """
    made = pl.String() if kind is None else kind

    def once(texts: pl.Series) -> pl.Series:
        if texts.null_count() == texts.len():
            return pl.Series(texts.name, [None], made).new_from_index(0, texts.len())
        distinct = texts.unique()
        if distinct.len() > texts.len() // 2:
            return texts.to_frame("x").select(_of_x(work))["x"].alias(texts.name)
        distinct = distinct.drop_nulls()
        done = distinct.to_frame("x").select(_of_x(work))["x"]
        return texts.replace_strict(distinct, done, default=None, return_dtype=made)

    return text.map_batches(once, return_dtype=made, is_elementwise=True)


@cache
def _of_x(work: Work) -> pl.Expr:
    return work(pl.col("x")).alias("x")
