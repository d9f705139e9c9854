"""Path lengths of an isolation forest: the score's raw material."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from rtml.arrays import Array
from rtml.detectors.forest_trees import Ints, Trees

__all__ = ["Paths", "Rows", "average_path"]

Rows = npt.NDArray[np.float32]

_CELLS = 2**15
"""Rows times trees that descend at once: more would leave the processor's cache."""


def average_path(n: Array) -> Array:
    r"""Return the average path length of an unsuccessful search among ``n`` rows.

    :math:`c(n) = 2(\ln(n-1) + \gamma) - 2(n-1)/n`, :math:`c(2) = 1`, :math:`c(1) = 0`
    (Liu, Ting, Zhou 2008).

    Examples
    --------
    >>> average_path(np.array([1.0, 2.0, 256.0])).round(3)
    array([ 0.   ,  1.   , 10.245])
    """
    big = np.maximum(n, 3.0)
    long = 2.0 * (np.log(big - 1.0) + np.euler_gamma) - 2.0 * (big - 1.0) / big
    return np.asarray(np.where(n > 2, long, np.where(n == 2, 1.0, 0.0)))


class Paths:
    """How rows descend from the root of each tree to a leaf, and how long that takes.

    Examples
    --------
    >>> stump = Trees(
    ...     np.array([1, -1, -1]), np.array([2, -1, -1]), np.array([0, -2, -2]),
    ...     np.array([0.5, -2.0, -2.0]), np.array([3, 2, 1]))
    >>> Paths(stump).lengths(np.array([[0.5], [0.6]], dtype=np.float32))
    array([[2., 1.]])
    """

    def __init__(self, trees: Trees) -> None:
        self.trees, self._levels = trees, list(trees.levels())
        left, right, size = trees.children_left, trees.children_right, trees.n_node_samples
        leaf = left == -1
        self._column = np.where(leaf, 0, trees.feature)
        # A leaf is its own child (right, left), so that no row need be taken out on the way.
        self._child = np.where(leaf, np.arange(len(leaf)), [right, left]).T.ravel()
        self._length = average_path(size.astype(np.float64))
        for depth, level in enumerate(self._levels):
            self._length[level] += depth
        self.usual = float(average_path(np.array(float(size[0]))))
        """What a length is compared with: the average among as many rows as grew a tree."""

    def blocks(self, rows: Rows, gaps: Array) -> Iterator[tuple[Rows, Array]]:
        """Yield slices of both arrays, each small enough to descend at once; at least one."""
        step = max(1, _CELLS // len(self._levels[0]))
        for start in range(0, max(len(rows), 1), step):
            yield rows[start : start + step], gaps[start : start + step]

    def descend(self, rows: Rows) -> Iterator[Ints]:
        """Yield, level by level, the nodes where rows are, shape (trees, rows).

        As in scikit-learn, a float32 value is compared with a float64 threshold.
        """
        values, first = rows.astype(np.float64).ravel(), np.arange(len(rows)) * rows.shape[1]
        nodes = np.repeat(self._levels[0][:, None], len(rows), axis=1)
        yield nodes
        for _ in self._levels[1:]:
            value = values.take(first + self._column.take(nodes))
            nodes = self._child.take(2 * nodes + (value <= self.trees.threshold.take(nodes)))
            yield nodes

    def lengths(self, rows: Rows) -> Array:
        """Return each row's depth plus the expected rest below its leaf, shape (trees, rows)."""
        *_, leaves = self.descend(rows)
        return self._length.take(leaves)
