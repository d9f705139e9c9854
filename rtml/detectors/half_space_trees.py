"""Half-space trees, online, one forest per workload, as River has them."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from rtml.arrays import Array
from rtml.detectors.halvings import halvings
from rtml.detectors.online import OnlineDetector
from rtml.errors import UsageError

__all__ = ["HalfSpaceTrees"]


class Forest:
    """One River forest as arrays, which says NaN, not 0, until it has learnt a whole window.

    Masses and descents are arrays over all trees and many rows at once, bit for bit what River says of each
    (`tests/detectors/test_river.py`), some forty times faster. Nodes are numbered as in a heap.
    """

    def __init__(self, columns: int, size: int, *, seed: int, trees: int, height: int) -> None:
        self._size, self._height = size, height
        self._most = trees * size * (2 ** (height + 1) - 1)
        self._split, self._at = halvings(columns, seed, trees, height)
        self._reference = np.zeros((trees, 2 ** (height + 1) - 1), np.int64)
        self._latest = np.zeros_like(self._reference)
        self._counter, self._first = 0, True
        self._met: tuple[Array, npt.NDArray[np.int64]] | None = None

    def _reached(self, rows: Array) -> npt.NDArray[np.int64]:
        """Return the node that each row reaches in each tree, numbered over all trees: (depth, rows, trees).

        Rows are scored, then learnt: those of the last question are known.
        """
        if self._met is None or not np.array_equal(self._met[0], rows):
            self._met = rows.copy(), self._descended(rows)
        return self._met[1]

    def _descended(self, rows: Array) -> npt.NDArray[np.int64]:
        trees, halvings = self._split.shape
        values, first = np.ascontiguousarray(rows).ravel(), np.arange(len(rows))[:, None] * rows.shape[1]
        tree, place = np.arange(trees), np.zeros((len(rows), trees), np.int64)
        reached = np.empty((self._height + 1, *place.shape), np.int64)
        reached[0] = tree * self._reference.shape[1]
        for depth in range(self._height):
            node = place + tree * halvings
            beyond = values.take(first + self._split.take(node)) >= self._at.take(node)
            place = 2 * place + 1 + beyond
            reached[depth + 1] = place + tree * self._reference.shape[1]
        return reached

    def learn_many(self, rows: Array) -> None:
        """Learn rows, one after the other."""
        while len(rows):
            part, rows = rows[: self._size - self._counter], rows[self._size - self._counter :]
            visits = np.bincount(self._reached(part).ravel(), minlength=self._latest.size)
            self._latest += visits.reshape(self._latest.shape)
            self._counter += len(part)
            if self._counter == self._size:
                self._reference, self._latest = self._latest, np.zeros_like(self._latest)
                self._counter, self._first = 0, False

    def score_many(self, rows: Array) -> Array:
        """Score rows; NaN during the first window, where River would say 0."""
        if self._first:
            return np.full(len(rows), np.nan)
        going, total = np.ones((len(rows), len(self._split)), np.bool_), np.zeros(len(rows))
        for depth, nodes in enumerate(self._reached(rows)):
            mass = self._reference.take(nodes)
            total += np.where(going, mass * 2**depth, 0).sum(axis=1)
            going &= mass >= 0.1 * self._size
        return np.asarray(1 - total / self._most)

    def state(self) -> dict[str, list[Any]]:
        """Return the masses; the splits follow from the seed, their digest proves it."""
        return {
            "reference": self._reference.ravel().tolist(),
            "latest": self._latest.ravel().tolist(),
            "counter": [self._counter, int(self._first)],
            "shape": [self._shape()],
        }

    def restore(self, state: dict[str, list[Any]]) -> None:
        """Take the masses of `state`; what does not fit is a `ValueError`."""
        if set(state) != {"reference", "latest", "counter", "shape"}:
            raise ValueError("unknown or missing parts of a forest")
        if state["shape"] != [self._shape()]:
            raise ValueError("seed and features give other trees here: another River version?")
        masses = [*state["reference"], *state["latest"]]
        counter, first = state["counter"]
        if not all(type(m) is int and 0 <= m <= self._size for m in masses):
            raise ValueError("masses that no window can have")
        if len(masses) != 2 * self._reference.size or len(state["latest"]) != self._latest.size:
            raise ValueError("the masses do not fit the trees")
        if type(counter) is not int or not 0 <= counter < self._size or first not in (0, 1):
            raise ValueError("the event counter does not fit the window")
        shape = self._reference.shape
        self._reference = np.array(state["reference"], np.int64).reshape(shape)
        self._latest = np.array(state["latest"], np.int64).reshape(shape)
        self._counter, self._first = counter, bool(first)

    def _shape(self) -> str:
        """Return a digest of every split: the trees are rebuilt on load, this proves them equal."""
        return hashlib.sha256(
            self._split.astype("<i8").tobytes() + self._at.astype("<f8").tobytes()
        ).hexdigest()


class HalfSpaceTrees(OnlineDetector[Forest]):
    r"""How empty the region is that a window falls into, in trees of random halvings.

    Each tree halves [0, 1]^d at random, ``height`` times; the masses of the last full reference
    window say where training rows were. With mass *r* of the node at depth *k* where the descent
    ends (a leaf, or a node with *r* < size/10),

    .. math:: s = 1 - \frac{\sum_{trees} \sum_{k} r_k 2^k}{trees \cdot size \cdot (2^{height+1}-1)}

    Range [0, 1], higher = stranger; NaN until the workload has learnt one full window, whose size
    is the number of rows it started with (at least ``least``, at most ``window``).

    Fails when anomalies come packed together and are learnt as they pass, and when one feature of
    very many changes: few trees look at it.

    Parameters
    ----------
    seed, least, window, features
        See `OnlineDetector`.
    trees, height
        Number of trees and of halvings per path. With 50 trees the number of false findings on sitting 2
        of replays-v1 swung with the seed twice as much as with 100; more cost time (100: 25,000 rows/s).

    References
    ----------
    Tan, Ting, Liu (2011), Fast Anomaly Detection for Streaming Data,
    https://www.ijcai.org/Proceedings/11/Papers/254.pdf; River 0.26 has the implementation.

    Examples
    --------
    >>> import polars as pl
    >>> quiet = pl.DataFrame({"workload": ["web"] * 9, "a.x": [0.1, 0.2, 0.3] * 3})
    >>> detector = HalfSpaceTrees()
    >>> detector.score(quiet[:1])
    array([nan])
    >>> detector.learn(quiet)
    >>> usual, strange = detector.score(pl.DataFrame({"workload": ["web"] * 2, "a.x": [0.2, 90.0]}))
    >>> bool(strange > usual)
    True
    """

    name: ClassVar[str] = "half_space_trees"

    def __init__(
        self,
        *,
        seed: int = 0,
        least: int = 5,
        window: int = 1000,
        features: str = "novelty",
        trees: int = 100,
        height: int = 8,
    ) -> None:
        super().__init__(seed=seed, least=least, window=window, features=features, trees=trees, height=height)
        if not (1 <= trees <= 1000 and 1 <= height <= 15 and trees << height <= 500_000):
            raise UsageError(f"half_space_trees: bad trees x leaves: {trees} x 2^{height}")

    def _stream(self, columns: int, size: int) -> Forest:
        shape = {name: self.parameters[name] for name in ("seed", "trees", "height")}
        return Forest(columns, size, **shape)

    def _restore(self, columns: int, size: int, state: dict[str, list[Any]]) -> Forest:
        forest = self._stream(columns, size)
        forest.restore(state)
        return forest
