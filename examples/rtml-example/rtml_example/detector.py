"""The distance of the one feature that is farthest from its training range."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import polars as pl

from rtml.arrays import Array
from rtml.detectors.contract import CONTRIBUTIONS, UNKNOWN, feature_columns, matrix, no_opinion, peer_groups
from rtml.detectors.explanation import shares
from rtml.detectors.ranges import Ranges, RangesState
from rtml.detectors.scaling import gap
from rtml.reading.state import State, read_state, write_state

__all__ = ["Farthest"]


class FarthestState(State):
    """The whole detector as JSON."""

    seed: int
    features: list[str]
    ranges: RangesState | None


class Farthest:
    """How far the strangest feature of a window lies outside its workload's training range.

    The score is the largest `rtml.detectors.scaling.gap`: 0 inside the range of every feature, towards 1
    far outside of one; where that ties, the sum of all decides, at a thousandth of its weight. A missing
    value that training never missed counts 1. NaN when unlearnt.

    Fails when strangeness lies in a combination of values that are usual one by one.

    Parameters
    ----------
    seed
        Has no effect.

    References
    ----------
    Chandola, Banerjee, Kumar (2009), Anomaly Detection: A Survey, https://doi.org/10.1145/1541880.1541882

    Examples
    --------
    >>> quiet = pl.DataFrame({"workload": ["web"] * 9, "a.x": [0.1, 0.2, 0.3] * 3})
    >>> detector = Farthest()
    >>> detector.learn(quiet)
    >>> usual, strange = detector.score(pl.DataFrame({"workload": ["web"] * 2, "a.x": [0.2, 90.0]}))
    >>> bool(strange > usual)
    True
    """

    name: ClassVar[str] = "farthest"
    online: ClassVar[bool] = False
    trivial: ClassVar[bool] = False
    in_bits: ClassVar[bool] = False

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed
        self._features: list[str] = []
        self._ranges: Ranges | None = None

    def learn(self, windows: pl.DataFrame) -> None:
        """Take the range of every feature, per workload."""
        if windows.is_empty():
            return
        self._features = feature_columns(windows)
        self._ranges = Ranges.of(matrix(windows, self._features), peer_groups(windows), least=5)

    def score(self, windows: pl.DataFrame) -> Array:
        """Return the largest gap of each window."""
        if self._ranges is None:
            return no_opinion(windows)
        gaps = self._gaps(windows)
        return gaps.max(axis=1) + gaps.sum(axis=1) / 1000

    def prequential(self, windows: pl.DataFrame) -> Array:
        """Return `score`."""
        return self.score(windows)

    def explain(self, windows: pl.DataFrame) -> pl.DataFrame:
        """Share the score by gap."""
        if self._ranges is None:
            return pl.DataFrame(schema=CONTRIBUTIONS)
        raw, usual = matrix(windows, self._features), self._ranges.usual(peer_groups(windows))
        return shares([*self._features, UNKNOWN], self._gaps(windows), raw, usual)

    def _gaps(self, windows: pl.DataFrame) -> Array:
        assert self._ranges is not None
        raw, groups = matrix(windows, self._features), peer_groups(windows)
        rows = [gap(self._ranges.scale(group), row) for group, row in zip(groups, raw, strict=True)]
        return np.array(rows).reshape(raw.shape)

    def save(self, folder: Path) -> None:
        """Write the ranges."""
        ranges = self._ranges.state() if self._ranges is not None else None
        write_state(folder, FarthestState(seed=self.seed, features=self._features, ranges=ranges))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        state = read_state(folder, FarthestState)
        own = cls(seed=state.seed)
        own._features = state.features
        own._ranges = state.ranges.ranges() if state.ranges is not None else None
        return own
