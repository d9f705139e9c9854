"""Local outlier factor, online, one sliding window per workload (River)."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from river.anomaly import LocalOutlierFactor as RiverFactor
from river.neighbors import LazySearch

from rtml.detectors.online import OnlineDetector
from rtml.errors import UsageError

__all__ = ["LocalOutlierFactor"]


class Neighbours:
    """The sliding window of one workload's rows; the rows are the whole state."""

    def __init__(self, columns: int, size: int, *, k: int) -> None:
        self._columns, self._size, self._k = columns, size, k
        self._river: Any = RiverFactor(k, LazySearch(window_size=size, dist_func=_EUCLIDEAN))

    def learn(self, row: list[float]) -> None:
        """Add one row to the window."""
        self._river.learn_one(dict(enumerate(row)))

    def score(self, row: list[float]) -> float:
        """Score one row against the window, in bits."""
        factor = self._river.score_one(dict(enumerate(row)))
        # River says 0 where the factor is undefined; a true factor is always positive.
        return math.log2(factor) if factor > 0 else float("nan")

    def state(self) -> dict[str, list[Any]]:
        """Return the rows of the window, oldest first."""
        return {"rows": [list(item[0][0].values()) for item in self._river._nn.window]}

    def restore(self, state: dict[str, list[Any]]) -> None:
        """Take the rows of `state`; what does not fit is a `ValueError`."""
        rows = state["rows"]
        if set(state) != {"rows"} or len(rows) > self._size:
            raise ValueError("more rows than the window holds, or unknown parts")
        for row in rows:
            if len(row) != self._columns or not all(type(x) is float and 0 <= x <= 1 for x in row):
                raise ValueError("a row is not a list of numbers in [0, 1] of the right length")
            self.learn(row)


_EUCLIDEAN = RiverFactor().engine.dist_func


class LocalOutlierFactor(OnlineDetector[Neighbours]):
    r"""How much thinner a window's neighbourhood is than those of its neighbours.

    :math:`s = \log_2 \mathrm{LOF}_k(x)`: 0 when the window lies as densely as its ``k`` nearest
    training windows do, +1 when half as densely; unbounded above, higher = stranger. The reference
    is a sliding window of the workload's last rows, in the unit cube of `rtml.detectors.scaling`.
    NaN until the workload has started.

    It stands beside half-space trees because it needs few rows, looks at all features together, and
    finds what is odd only near its own kind. Of River's other detectors, OneClassSVM is linear,
    GaussianScorer and StandardAbsoluteDeviation take one value, PredictiveAnomalyDetection changes
    while scoring, LODA needs more rows than a young container has.

    Fails when training windows are copies of one another: density is then near infinite and any
    difference, however small, scores high; and when anomalies come in tight packs of more than
    ``k``, once learnt. Cost grows with the square of the window.

    Parameters
    ----------
    seed, least, window
        See `OnlineDetector` (the seed has no effect: nothing here is random).
    k
        Number of neighbours; a workload that starts with ``k`` rows or fewer uses one less than it
        has.

    References
    ----------
    Breunig, Kriegel, Ng, Sander (2000), LOF, https://doi.org/10.1145/342009.335388

    Examples
    --------
    >>> import polars as pl
    >>> quiet = pl.DataFrame({"workload": ["web"] * 9, "a.x": [float(i) for i in range(9)]})
    >>> detector = LocalOutlierFactor()
    >>> detector.learn(quiet)
    >>> two = pl.DataFrame({"workload": ["web"] * 2, "a.x": [4.5, 900.0]})
    >>> usual, strange = detector.score(two)
    >>> bool(strange > usual)
    True
    """

    name: ClassVar[str] = "local_outlier_factor"

    def __init__(self, *, seed: int = 0, least: int = 5, window: int = 250, k: int = 5) -> None:
        super().__init__(seed=seed, least=least, window=window, k=k)
        if k < 1:
            raise UsageError(f"local_outlier_factor: k must be 1 or more, got {k}")

    def _stream(self, columns: int, size: int) -> Neighbours:
        k = min(self.parameters["k"], size - 1)
        return Neighbours(columns, self.parameters["window"], k=k)

    def _restore(self, columns: int, size: int, state: dict[str, list[Any]]) -> Neighbours:
        neighbours = self._stream(columns, size)
        neighbours.restore(state)
        return neighbours
