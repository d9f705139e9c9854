"""Work that few rows need, or that many rows repeat: done where it must be, once, and put back in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import polars as pl

__all__ = ["by_distinct", "of_some"]

Work = Callable[[pl.Expr], pl.Expr]
"""From texts to what they mean; a function of a module, for what it makes is kept."""


def of_some(
    rows: pl.DataFrame,
    some: pl.Expr,
    columns: Mapping[str, pl.Expr],
    before: Sequence[Mapping[str, pl.Expr]] = (),
) -> pl.DataFrame:
    r"""Return rows with columns that only some of them can have; they are null in all others.

    As ``when(some).then(...)`` in each column, but nothing is worked out for the other rows. What several
    columns are made of is worked out ``before``, once, in steps; it does not stay.

    Examples
    --------
    >>> rows = pl.DataFrame({"kind": ["open", "connect"], "name": ["/a", "10.0.0.1:5"]})
    >>> ports = {"port": pl.col("name").str.extract(r":(\d+)$")}
    >>> of_some(rows, pl.col("kind") == "connect", ports)["port"].to_list()
    [None, '5']
    >>> before = [{"_ends": pl.col("name").str.split(":")}]
    >>> ends = {"ip": pl.col("_ends").list.first()}
    >>> of_some(rows, pl.col("kind") == "connect", ends, before)["ip"].to_list()
    [None, '10.0.0.1']
    """
    mask = rows.select(some.fill_null(False).alias("mask"))["mask"]
    made = {name for step in before for name in step}
    asked = [column for step in (*before, columns) for column in step.values()]
    needed = {name for column in asked for name in column.meta.root_names()} - made
    told = rows.select(sorted(needed)).filter(mask)
    for step in before:
        told = told.with_columns(**step)
    told = told.select(**columns)
    if told.height == rows.height:
        return rows.with_columns(told)
    place = (mask.cast(pl.Int64).cum_sum() - 1).to_frame("p").select(pl.when(mask).then("p"))["p"]
    return rows.with_columns(told.select(pl.all().gather(place)))


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
