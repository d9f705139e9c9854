"""Path lengths of an isolation forest: the score's raw material, and its exact decomposition."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from rtml.arrays import Array

__all__ = ["PathTree", "average_path", "path_tree", "split_parts"]


class PathTree(NamedTuple):
    """What one tree says about path lengths."""

    tree: Any
    """The scikit-learn ``Tree``."""
    leaf_length: Array
    """Per node: its depth plus the expected rest of an unbuilt subtree of its size."""


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


def path_tree(tree: Any) -> PathTree:
    """Measure one fitted tree whose children come after their parents."""
    left, right = tree.children_left, tree.children_right
    depth = np.zeros(tree.node_count)
    for node in np.flatnonzero(left != -1):
        depth[left[node]] = depth[right[node]] = depth[node] + 1.0
    return PathTree(tree, depth + average_path(tree.n_node_samples.astype(np.float64)))


def split_parts(path: PathTree, rows: npt.NDArray[np.float32]) -> Array:
    """Return shape (rows, columns): by how much each column's splits shorten the path.

    The expected length at a node is the mean over the training rows in it. Following a row down,
    every split changes that expectation; the change belongs to the split's column. The parts of a
    row add up to (expected length at the root) - (length of the row): nothing is left over.
    """
    tree, parents = path.tree, np.flatnonzero(path.tree.children_left != -1)
    size, expected = tree.n_node_samples, path.leaf_length.copy()
    for node in parents[::-1]:
        a, b = tree.children_left[node], tree.children_right[node]
        expected[node] = (size[a] * expected[a] + size[b] * expected[b]) / size[node]
    children = np.concatenate([tree.children_left[parents], tree.children_right[parents]])
    above = np.concatenate([parents, parents])
    change = sparse.csr_matrix(
        (expected[above] - expected[children], (children, tree.feature[above])),
        shape=(tree.node_count, tree.n_features),
    )
    return np.asarray((tree.decision_path(rows) @ change).todense())
