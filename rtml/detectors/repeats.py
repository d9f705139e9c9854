"""Process trees that do the same thing again need no second score: a job that runs each minute is one row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from rtml.arrays import Array

__all__ = ["distinct"]

Places = npt.NDArray[np.int64]


def distinct(raw: Array, groups: Sequence[str]) -> tuple[Places, Places]:
    """Return where each distinct row stands first, and which of these every row is.

    Of 6,704 trees of sitting 1 of replays-v1, 785 differ in what a forest looks at (`python -m
    benchmarks.detectors`).

    Parameters
    ----------
    raw
        Shape (rows, columns); NaN equals NaN.
    groups
        The peer group of each row: rows of two groups differ.

    Returns
    -------
    ``first``, rising, and ``place`` of shape (rows,): ``raw[first][place]`` is ``raw``.

    Examples
    --------
    >>> first, place = distinct(np.array([[1.0], [np.nan], [1.0], [np.nan], [1.0]]), list("aaaab"))
    >>> first.tolist(), place.tolist()
    ([0, 1, 4], [0, 1, 0, 1, 2])
    """
    table = pl.DataFrame(
        {f"{number}": column for number, column in enumerate(raw.T)} | {"group": list(groups)}
    )
    rows = pl.int_range(pl.len(), dtype=pl.Int64).alias("row")
    alike = table.with_columns(rows).group_by(table.columns, maintain_order=True).agg("row")["row"]
    place = np.empty(len(raw), dtype=np.int64)
    place[alike.explode().to_numpy()] = np.repeat(np.arange(len(alike)), alike.list.len().to_numpy())
    return alike.list.first().to_numpy(), place
