"""Work that few rows need: done where it must be, and put back in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

__all__ = ["of_some"]


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
