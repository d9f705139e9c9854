"""Random scores: what any table must show beside a model."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import polars as pl

from rtml.arrays import Array
from rtml.detectors.contract import CONTRIBUTIONS, no_opinion
from rtml.reading.state import State, read_state, write_state
from rtml.schema import empty

__all__ = ["RandomScores"]

_IDENTITY = ("container_id", "window")


class RandomState(State):
    """The whole detector as JSON."""

    seed: int
    learnt: bool


class RandomScores:
    """A number in [0, 1) drawn from the seed, the container and the window, and nothing else.

    The same window always gets the same number, whatever the order of rows. NaN when unlearnt.

    Fails always: its AUROC is 0.5 up to chance, and its detections at a given alarm budget are the
    ones that luck gives.

    Parameters
    ----------
    seed
        Another seed draws other numbers.

    References
    ----------
    Kim et al. (2022), Towards a Rigorous Evaluation of Time-series Anomaly Detection (random scores
    beat models under a lenient metric), https://doi.org/10.1609/aaai.v36i7.20680

    Examples
    --------
    >>> frame = pl.DataFrame({"container_id": ["a", "b"], "window": [0, 0]})
    >>> detector = RandomScores()
    >>> detector.learn(frame)
    >>> detector.score(frame).round(3)
    array([0.495, 0.942])
    """

    name: ClassVar[str] = "random"
    online: ClassVar[bool] = False
    trivial: ClassVar[bool] = True
    in_bits: ClassVar[bool] = False

    def __init__(self, *, seed: int = 0) -> None:
        self.seed, self._learnt = seed, False

    def learn(self, windows: pl.DataFrame) -> None:
        """Note that there was something to learn from."""
        self._learnt = self._learnt or not windows.is_empty()

    def score(self, windows: pl.DataFrame) -> Array:
        """Draw one number per row."""
        if not self._learnt or windows.is_empty():
            return no_opinion(windows)
        names = [name for name in _IDENTITY if name in windows.columns]
        rows = windows.select(pl.col(names).cast(pl.String)).rows()
        return np.array([_draw(self.seed, row) for row in rows])

    def prequential(self, windows: pl.DataFrame) -> Array:
        """Return `score`."""
        return self.score(windows)

    def explain(self, windows: pl.DataFrame) -> pl.DataFrame:
        """Return no row: there is no reason."""
        return empty(CONTRIBUTIONS)

    def save(self, folder: Path) -> None:
        """Write the seed."""
        write_state(folder, RandomState(seed=self.seed, learnt=self._learnt))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        state = read_state(folder, RandomState)
        detector = cls(seed=state.seed)
        detector._learnt = state.learnt
        return detector


def _draw(seed: int, identity: tuple[str | None, ...]) -> float:
    digest = hashlib.blake2b(repr((seed, identity)).encode(), digest_size=8).digest()
    return float((int.from_bytes(digest, "big") >> 11) / 2**53)
