"""One score for everything: what any table must show beside a model."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import polars as pl

from rtml.arrays import Array
from rtml.detectors.random_scores import RandomScores

__all__ = ["FlagAll"]


class FlagAll(RandomScores):
    """The score 1 for every window: it finds every attack and raises every alarm there is.

    On data where attacks are common it looks strong; its row shows what the base rate alone gives.
    NaN when unlearnt.

    Fails as soon as false alarms count.

    Parameters
    ----------
    seed
        Has no effect.

    References
    ----------
    Axelsson (2000), The Base-Rate Fallacy and the Difficulty of Intrusion Detection,
    https://doi.org/10.1145/357830.357849

    Examples
    --------
    >>> frame = pl.DataFrame({"container_id": ["a", "b"], "window": [0, 0]})
    >>> detector = FlagAll()
    >>> detector.learn(frame)
    >>> detector.score(frame)
    array([1., 1.])
    """

    name: ClassVar[str] = "flag_all"

    def score(self, windows: pl.DataFrame) -> Array:
        """Return 1 for every row, NaN when unlearnt."""
        return np.full(windows.height, 1.0 if self._learnt else np.nan)
