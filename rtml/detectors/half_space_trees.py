"""Half-space trees, online, one forest per workload (River)."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

from river.anomaly import HalfSpaceTrees as RiverTrees

from rtml.detectors.online import OnlineDetector
from rtml.errors import UsageError

__all__ = ["HalfSpaceTrees"]


class Forest:
    """One River forest that says NaN, not 0, until it has learnt a whole window."""

    def __init__(self, columns: int, size: int, *, seed: int, trees: int, height: int) -> None:
        river: Any = RiverTrees
        self._river = river(n_trees=trees, height=height, window_size=size, seed=seed)
        # River builds its trees at the first event, from that event's features: do it now, from
        # all of them, and take the event back out.
        self._river.learn_one(dict.fromkeys(range(columns), 0.0))
        self._nodes = [node for tree in self._river._tree_nodes for node in tree]
        self._set([0] * len(self._nodes), [0] * len(self._nodes), 0, True)

    def learn(self, row: list[float]) -> None:
        """Learn one row."""
        self._river.learn_one(dict(enumerate(row)))

    def score(self, row: list[float]) -> float:
        """Score one row; NaN during the first window, where River would say 0."""
        if self._river._first_window:
            return float("nan")
        return float(self._river.score_one(dict(enumerate(row))))

    def state(self) -> dict[str, list[Any]]:
        """Return the masses; the splits follow from the seed, their digest proves it."""
        return {
            "reference": [node.r_mass for node in self._nodes],
            "latest": [node.l_mass for node in self._nodes],
            "counter": [self._river.counter, int(self._river._first_window)],
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
        size = self._river.window_size
        if not all(type(m) is int and 0 <= m <= size for m in masses) or len(masses) != 2 * len(self._nodes):
            raise ValueError("the masses do not fit the trees")
        if type(counter) is not int or not 0 <= counter < size or first not in (0, 1):
            raise ValueError("the event counter does not fit the window")
        self._set(state["reference"], state["latest"], counter, bool(first))

    def _set(self, reference: list[int], latest: list[int], counter: int, first: bool) -> None:
        for node, r_mass, l_mass in zip(self._nodes, reference, latest, strict=True):
            node.r_mass, node.l_mass = r_mass, l_mass
        self._river.counter, self._river._first_window = counter, first

    def _shape(self) -> str:
        """Return a digest of every split: the trees are rebuilt on load, this proves them equal."""
        splits = [(getattr(n, "feature", -1), getattr(n, "threshold", 0.0)) for n in self._nodes]
        return hashlib.sha256(repr(splits).encode()).hexdigest()


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
        Number of trees and of halvings per path.

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
        trees: int = 50,
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
