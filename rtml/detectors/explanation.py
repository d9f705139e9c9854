"""From parts of a score to the shares of an explanation, and the generic way to get the parts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from rtml.arrays import Array
from rtml.detectors.contract import CONTRIBUTIONS

__all__ = ["by_replacement", "shares"]


def shares(names: list[str], parts: Array, values: Array, usual: Array) -> pl.DataFrame:
    """Return `CONTRIBUTIONS`: per row the features with a positive part, largest share first.

    Parameters
    ----------
    names
        One name per column.
    parts
        Shape (rows, columns): what each column adds to the score; negative, NaN count as nothing.
    values, usual
        What the row had and what is usual there, same shape; NaN becomes null.

    Examples
    --------
    >>> row = np.array([[3.0, 1.0, -2.0]])
    >>> shares(["a.x", "a.y", "a.z"], row, row, row * 0)["share"].to_list()
    [0.75, 0.25]
    """
    parts = np.where(parts > 0, parts, 0.0)
    total = parts.sum(axis=1)
    row, column = np.nonzero(parts)
    table = {
        "row": row,
        "feature": [names[j] for j in column],
        "value": values[row, column],
        "usual": usual[row, column],
        "share": parts[row, column] / total[row],
    }
    frame = pl.DataFrame(table, schema_overrides=CONTRIBUTIONS).select(CONTRIBUTIONS.names())
    frame = frame.with_columns(pl.col("value", "usual").fill_nan(None))
    return frame.sort("row", "share", "feature", descending=[False, True, False])


def by_replacement(score: Callable[[Array], Array], row: Array, usual: Array) -> Array:
    """Return how much the score of one row falls when one column is set to its usual value.

    Works for any detector. Columns that only matter together share no credit, so the parts need
    not add up to the score; `shares` says how they compare.

    Parameters
    ----------
    score
        From rows to one score each; asked once, for the row itself and every changed one.
    row, usual
        What the row has in each column, and what is usual there.

    Examples
    --------
    >>> by_replacement(lambda rows: rows.sum(axis=1), np.array([5.0, 1.0]), np.array([1.0, 1.0]))
    array([4., 0.])
    """
    columns = np.flatnonzero(row != usual)
    rows = np.tile(row, (len(columns) + 1, 1))
    rows[np.arange(1, len(rows)), columns] = usual[columns]
    original, *changed = score(rows)
    parts = np.zeros(len(row))
    parts[columns] = original - np.array(changed)
    return parts
