"""The trees of an isolation forest as plain arrays: from scikit-learn, into a file and back.

The file is an ``.npz`` of five arrays, the same bytes for the same trees (NumPy dates its members
1980). Nothing in it can run, but an index out of range would read other memory and a cycle would
never end: all is checked before a row descends.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rtml.arrays import Array
from rtml.errors import RtmlError
from rtml.reading.array_files import array_bytes, named_arrays

__all__ = ["Ints", "Trees", "load_trees"]

Ints = npt.NDArray[np.int64]


class Trees(NamedTuple):
    """All trees, one after the other, as scikit-learn names arrays and marks leaves.

    A node's index counts over all trees; a root is a node without a parent.

    Examples
    --------
    >>> none = [-1, -1]
    >>> sides = np.array([[1, *none, 4, *none], [2, *none, 5, *none]])
    >>> splits = np.array([0, -2, -2] * 2), np.array([0.5, -2.0, -2.0] * 2)
    >>> list(Trees(*sides, *splits, np.array([4, 3, 1] * 2)).levels())
    [array([0, 3]), array([1, 4, 2, 5])]
    """

    children_left: Ints
    """Where a row goes whose value is at most the threshold; -1 in a leaf."""
    children_right: Ints
    feature: Ints
    """Column of the split; -2 in a leaf."""
    threshold: Array
    """Where the column is split; -2 in a leaf."""
    n_node_samples: Ints
    """How many training rows came through the node."""

    @classmethod
    def of(cls, forest: Any) -> Trees:
        """Return the trees of a fitted scikit-learn forest."""
        trees = [grown.tree_ for grown in forest.estimators_]
        joined = [np.concatenate([getattr(t, name) for t in trees]) for name in cls._fields]
        sizes = np.array([tree.node_count for tree in trees])
        before = np.repeat(np.cumsum(sizes) - sizes, sizes)
        left, right = (np.where(side == -1, -1, side + before) for side in joined[:2])
        return cls(left, right, *joined[2:])

    def levels(self) -> Iterator[Ints]:
        """Yield the nodes of all trees by depth, first the roots."""
        level = np.flatnonzero(~np.isin(np.arange(len(self.feature)), self[:2]))
        while level.size:
            yield level
            branches = level[self.children_left[level] != -1]
            level = np.concatenate([self.children_left[branches], self.children_right[branches]])

    def dump(self) -> bytes:
        """Return the content of the file."""
        return array_bytes(self._asdict())


def load_trees(data: bytes, file: Path, *, columns: int, trees: int, samples: int) -> Trees:
    """Return what `Trees.dump` wrote, or raise an `RtmlError` that names ``file``.

    There must be that many ``trees`` for rows of that many ``columns``, each grown on the same
    number of training rows: at least 2, at most ``samples``.
    """
    try:
        loaded = Trees(*named_arrays(data, Trees._fields))
        for wrong, fault in chain(_astray(loaded), _amiss(loaded, columns, trees, samples)):
            if wrong:
                raise ValueError(fault)
    # zipfile and numpy raise any exception on hostile bytes: each is a refusal.
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise RtmlError(f"{file}: not a sound isolation forest ({reason}); train it anew") from None
    return loaded


def _astray(trees: Trees) -> Iterator[tuple[Any, str]]:
    """Yield whether indices lead elsewhere than down to a leaf; each check relies on the last."""
    left, right = trees[:2]
    yield any(array.shape != (len(left),) for array in trees), "arrays of different shapes"
    kinds = [array.dtype for array in trees]
    yield kinds != [np.int64, np.int64, np.int64, np.float64, np.int64], "arrays of other types"
    leaf = left == -1
    yield np.any(leaf != (right == -1)), "a node with one child"
    parents = np.tile(np.flatnonzero(~leaf), 2)
    children = np.concatenate([left[~leaf], right[~leaf]])
    yield np.any(children <= parents), "a child that does not come after its parent"
    yield np.any(children >= len(leaf)), "a child out of range"
    yield np.any(np.bincount(children) > 1), "a node that is a child twice"


def _amiss(trees: Trees, columns: int, count: int, samples: int) -> Iterator[tuple[Any, str]]:
    """Yield whether trees, their splits or their sizes are impossible; each relies on the last."""
    left, right, feature, threshold, size = trees
    leaf, node = left == -1, np.flatnonzero(left != -1)
    roots = next(trees.levels(), node)
    yield len(roots) != count, f"trees: {len(roots)} instead of {count}"
    yield np.any(feature[leaf] != -2) or np.any(threshold[leaf] != -2.0), "a leaf that splits"
    yield np.any((feature[node] < 0) | (feature[node] >= columns)), "a split on no known column"
    yield not np.isfinite(threshold).all(), "a split at no number"
    below = size[left[node]] + size[right[node]]
    yield np.any(size < 1) or np.any(below != size[node]), "sizes that do not add up"
    rows = int(size[0])
    yield np.any(size[roots] != rows), "trees grown on different numbers of rows"
    yield not 2 <= rows <= samples, f"trees grown on {rows} rows, not on 2 to {samples}"
    # scikit-learn stops growing here. A chain as deep as it has nodes would take hours to descend.
    deepest = (rows - 1).bit_length()
    reached = sum(level.size for level in islice(trees.levels(), deepest + 1))
    yield reached != len(leaf), f"a tree deeper than {deepest} splits"
