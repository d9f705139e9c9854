"""Codes for strings: what is worked out once per distinct value, and joined back as integers."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rtml.baselines.conditional import Conditional

__all__ = ["shaped", "with_text"]


def shaped(cells: pl.DataFrame, by: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Replace raw columns by one number: conditionals of one selection share it.

    Returns
    -------
    ``cells`` with ``_shape`` instead of the columns ``by``, in no particular order, and a table of ``_shape``
    and those columns, each combination once.
    """
    columns = list(by)
    shapes = cells.lazy().select(columns).unique().with_row_index("_shape").collect()
    return cells.join(shapes, on=columns, nulls_equal=True).drop(columns), shapes


def with_text(
    cells: pl.DataFrame, shapes: pl.DataFrame, conditional: Conditional
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give cells a code for what a conditional makes of their shapes, and return what codes stand for.

    Parameters
    ----------
    cells, shapes
        What `shaped` returned for the selection of the conditional.

    Returns
    -------
    ``cells`` with ``pair`` instead of ``_shape`` (rows without a key are gone), and a table of ``pair``,
    ``subject``, ``key``, ``lone``: it stands for one shape, so no two rows of cells have become the same.
    """
    named = conditional.named(shapes.lazy()).collect()
    # Shapes stay with their text: to join them to it again would compare every text once more.
    pairs = named.group_by("subject", "key").agg("_shape").with_row_index("pair")
    codes = pairs.select("pair", "_shape").explode("_shape")
    texts = pairs.select("pair", "subject", "key", lone=pl.col("_shape").list.len() == 1)
    return cells.join(codes, on="_shape").drop("_shape"), texts
