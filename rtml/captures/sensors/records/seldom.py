"""Work that few rows need, or that many rows repeat: done where it must be, once, and put back in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

__all__ = ["by_distinct", "mostly", "of_some"]

Work = Callable[[pl.Expr], pl.Expr]
"""From texts to what they mean."""


def of_some(rows: pl.DataFrame, some: pl.Expr, columns: Mapping[str, pl.Expr]) -> pl.DataFrame:
    r"""Return rows with columns that only some of them can have; they are null in all others.

    As ``when(some).then(...)`` in each column, but nothing is worked out for the other rows.

    Examples
    --------
    >>> rows = pl.DataFrame({"kind": ["open", "connect"], "name": ["/a", "10.0.0.1:5"]})
    >>> ports = {"port": pl.col("name").str.extract(r":(\d+)$")}
    >>> of_some(rows, pl.col("kind") == "connect", ports)["port"].to_list()
    [None, '5']
    """
    mask = rows.select(some.fill_null(False).alias("mask"))["mask"]
    told = rows.filter(mask).select(**columns)
    place = (mask.cast(pl.Int64).cum_sum() - 1).to_frame("p").select(pl.when(mask).then("p"))["p"]
    return rows.with_columns(told.select(pl.all().gather(place)))


def mostly(
    text: pl.Expr, usual: Callable[[pl.Expr], pl.Expr], other: Callable[[pl.Expr], pl.Expr]
) -> pl.Expr:
    """Return what ``usual`` makes of texts, and of those of which it makes nothing what ``other`` does.

    As ``coalesce`` of the two, but ``other``, which may be slow, only sees the rows that are left.

    Examples
    --------
    >>> texts = pl.DataFrame({"n": ["7", "x8", None]})
    >>> whole = lambda text: text.cast(pl.Int64, strict=False)
    >>> texts.select(mostly(pl.col("n"), whole, lambda text: whole(text.str.strip_chars("x"))))["n"].to_list()
    [7, 8, None]
    """

    def both(texts: pl.Series) -> pl.Series:
        frame = texts.to_frame("x")
        done = frame.select(usual(pl.col("x")).alias("x"))["x"]
        left = (done.is_null() & texts.is_not_null()).arg_true()
        if left.is_empty():
            return done.alias(texts.name)
        rest = frame[left].select(other(pl.col("x")).alias("x"))["x"]
        return done.scatter(left, rest).alias(texts.name)

    return text.map_batches(both, is_elementwise=True)


def by_distinct(text: pl.Expr, work: Work) -> pl.Expr:
    """Return what ``work`` makes of texts, each distinct one looked at once: for ids, addresses and flags.

    Examples
    --------
    >>> flags = pl.DataFrame({"f": ["A", "b", "A", None]})
    >>> flags.select(by_distinct(pl.col("f"), lambda text: text.str.to_lowercase()))["f"].to_list()
    ['a', 'b', 'a', None]
    """

    def once(texts: pl.Series) -> pl.Series:
        distinct = texts.drop_nulls().unique()
        if distinct.is_empty() or distinct.len() > texts.len() // 2:
            return texts.to_frame("x").select(work(pl.col("x")).alias(texts.name)).to_series()
        done = distinct.to_frame("x").select(work(pl.col("x")).alias("x"))["x"]
        return texts.replace_strict(distinct, done, default=None, return_dtype=done.dtype)

    return text.map_batches(once, is_elementwise=True)
