"""Codes for strings: what is worked out once per distinct value, and joined back as integers."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rtml.baselines.conditional import Conditional

__all__ = ["coded", "with_text"]


def with_text(cells: pl.DataFrame, conditional: Conditional) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Replace the raw columns of cells by a code, and return what the codes stand for.

    Returns
    -------
    ``cells`` with ``pair`` instead of the conditional's columns ``by`` (rows without a key are
    gone), and a table of ``pair``, ``subject``, ``key``. Two rows of cells may now be the same.
    """
    by = list(conditional.selection.by)
    shapes = cells.lazy().select(by).unique().with_row_index("_shape").collect()
    named = conditional.named(shapes.lazy()).collect()
    texts = named.select("subject", "key").unique().with_row_index("pair")
    codes = named.join(texts, on=["subject", "key"], nulls_equal=True).select("_shape", "pair")
    pairs = shapes.join(codes, on="_shape").drop("_shape")
    return cells.join(pairs, on=by, nulls_equal=True).drop(by), texts


def coded(
    name: str, columns: Sequence[str], *tables: pl.DataFrame
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Give a number to the distinct combinations of columns over several tables.

    Returns
    -------
    The combinations with their number in the column ``name``, and every table with that column
    instead of its ``columns``, in the same order of rows.

    Examples
    --------
    >>> left, right = pl.DataFrame({"k": ["a", "b"]}), pl.DataFrame({"k": ["b", None]})
    >>> names, (first, second) = coded("code", ["k"], left, right)
    >>> names.height, first["code"][1] == second["code"][0]
    (3, True)
    """
    columns = list(columns)
    distinct = pl.concat([table.select(columns).unique() for table in tables]).unique()
    names = distinct.with_row_index(name)
    replaced = [
        table.join(names, on=columns, how="left", nulls_equal=True, maintain_order="left").drop(columns)
        for table in tables
    ]
    return names, replaced
