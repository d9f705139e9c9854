"""From parts of a score to the shares of an explanation, and the generic way to get the parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from rtml.arrays import Array
from rtml.detectors.contract import CONTRIBUTIONS

__all__ = ["Attribution", "by_replacement", "shares", "unattributed"]

Ints = npt.NDArray[np.int64]

_CELLS = 2**21
"""Numbers in the changed rows that are scored at once."""

_ROUND_OFF = 1e-12


class Attribution(NamedTuple):
    """What each column adds to the score of each row, sign and unit included.

    Where a detector is ``exact`` the parts of a row add up to its score.
    """

    names: list[str]
    """One per column."""
    parts: Array
    """Shape (rows, columns); negative: makes the row look usual; NaN: no opinion."""
    values: Array
    """What the row had, NaN where it had nothing."""
    usual: Array
    """What is usual there, NaN where nothing is."""

    def shares(self) -> pl.DataFrame:
        """Return `CONTRIBUTIONS` (`shares`)."""
        return shares(self.names, self.parts, self.values, self.usual)


def unattributed(rows: int) -> Attribution:
    """Return the attribution of a detector that has learnt nothing: no column, no part.

    Examples
    --------
    >>> unattributed(3).shares().height
    0
    """
    none = np.empty((rows, 0))
    return Attribution([], none, none, none)


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
    # Of the largest first: parts near the largest double have no sum.
    parts = parts / np.maximum(parts.max(axis=1, initial=0.0, keepdims=True), 1e-300)
    total = parts.sum(axis=1)
    row, column = np.nonzero(parts)
    table = {
        "row": row,
        "feature": pl.Series(names, dtype=pl.String).gather(column),
        "value": values[row, column],
        "usual": usual[row, column],
        "share": parts[row, column] / total[row],
    }
    frame = pl.DataFrame(table, schema_overrides=CONTRIBUTIONS).select(CONTRIBUTIONS.names())
    frame = frame.with_columns(pl.col("value", "usual").fill_nan(None))
    return frame.sort("row", "share", "feature", descending=[False, True, False])


def by_replacement(score: Callable[[Array], Array], rows: Array, usual: Array) -> Array:
    r"""Return what each column adds to the score of each row, by replacing it in both directions.

    With *s* the score, *x* the row and *u* what is usual there, the part of column *j* is the mean of what
    the row loses without its value and what a usual row gains with it,

    .. math:: \tfrac12\,[\,s(x) - s(x_j \to u_j)\,] + \tfrac12\,[\,s(u_j \to x_j) - s(u)\,],

    the first and the last terms of the column's Shapley value: where two columns are each enough, neither is
    missed when it alone is replaced. A column without which the row would be stranger keeps that negative
    part. Works for any detector; the parts need not add up to the score, `shares` says how they compare.

    Parameters
    ----------
    score
        From rows to one score each, whatever the other rows; asked for many changed rows at once.
    rows, usual
        What each row has in each column, and what is usual there: shape (rows, columns).

    Returns
    -------
    Shape (rows, columns). A column that is as usual has no part, nor has what is mere round-off.

    References
    ----------
    Strumbelj, Kononenko (2010), https://www.jmlr.org/papers/v11/strumbelj10a.html

    Examples
    --------
    >>> rows, usual = np.array([[5.0, 9.0, 1.0]]), np.ones((1, 3))
    >>> by_replacement(lambda rows: rows.sum(axis=1), rows, usual)
    array([[4., 8., 0.]])
    >>> by_replacement(lambda rows: rows.max(axis=1), rows, usual)
    array([[2., 6., 0.]])
    """
    row, column = np.nonzero(~((rows == usual) | (np.isnan(rows) & np.isnan(usual))))
    parts = np.zeros(rows.shape)
    if len(row):
        lost = _differences(score, rows, usual, row, column)
        gained = -_differences(score, usual, rows, row, column)
        parts[row, column] = np.where(lost < 0, np.minimum(lost, gained), (lost + gained) / 2)
    return parts


def _differences(
    score: Callable[[Array], Array], rows: Array, others: Array, row: Ints, column: Ints
) -> Array:
    """Return how much rows score above themselves with one cell taken from the others, per cell."""
    own, most = score(rows)[row], max(1, _CELLS // rows.shape[1])
    changed = np.empty(len(row))
    for start in range(0, len(row), most):
        i, j = row[start : start + most], column[start : start + most]
        replaced = rows[i]
        replaced[np.arange(len(i)), j] = others[i, j]
        changed[start : start + most] = score(replaced)
    return np.where(np.abs(own - changed) > _ROUND_OFF * np.abs(own), own - changed, 0.0)
