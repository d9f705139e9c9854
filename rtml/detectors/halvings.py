"""Trees of random halvings as arrays, drawn as River draws them, without River: it takes a second to import.

``tests/detectors/test_river.py`` holds them against ``river.tree.padded.make_padded_tree``, split for split.
"""

from __future__ import annotations

import random
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from rtml.arrays import Array

__all__ = ["halvings"]

_PADDING = 0.15
"""Share of a side that no split comes nearer to its ends than."""

_Numbers = npt.NDArray[np.int64]


@lru_cache(maxsize=8)
def halvings(columns: int, seed: int, trees: int, height: int) -> tuple[_Numbers, Array]:
    """Return which column each node splits, and where, in trees over [0, 1] to the power of columns.

    The same for all peer groups, so they are drawn once; nobody may write into them.

    Returns
    -------
    Columns and thresholds, shape (trees, 2^height - 1); nodes are numbered as in a heap.

    Examples
    --------
    >>> split, at = halvings(2, seed=0, trees=1, height=2)
    >>> split.tolist(), at.round(2).tolist()
    ([[1, 0, 0]], [[0.68, 0.33, 0.43]])
    """
    rng = random.Random(seed)
    split, at = np.zeros((trees, 2**height - 1), np.int64), np.zeros((trees, 2**height - 1))
    for number in range(trees):
        drawn: list[tuple[int, int, float]] = []
        _halve(rng, [0.0] * columns, [1.0] * columns, 0, height, drawn)
        places, features, thresholds = zip(*drawn, strict=True)
        split[number, places], at[number, places] = features, thresholds
    for table in (split, at):
        table.setflags(write=False)
    return split, at


def _halve(
    rng: random.Random,
    low: list[float],
    high: list[float],
    place: int,
    height: int,
    drawn: list[tuple[int, int, float]],
) -> None:
    """Draw a node and all below it: first what is lower, then what is higher."""
    if height == 0:
        return
    widths = [end - begin for begin, end in zip(low, high, strict=True)]
    on = rng.choices(range(len(widths)), widths)[0]
    begin, end = low[on], high[on]
    margin = _PADDING * (end - begin)
    at = rng.uniform(begin + margin, end - margin)
    drawn.append((place, on, at))
    high[on] = at
    _halve(rng, low, high, 2 * place + 1, height - 1, drawn)
    high[on], low[on] = end, at
    _halve(rng, low, high, 2 * place + 2, height - 1, drawn)
    low[on] = begin
