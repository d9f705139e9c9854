"""The one-line competitor: how many things happen for the first time here."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import polars as pl

from rtml.arrays import Array
from rtml.detectors.contract import feature_columns, matrix, no_opinion
from rtml.detectors.explanation import Attribution, unattributed
from rtml.errors import UnknownNameError
from rtml.reading.state import State, read_state, write_state

__all__ = ["Rarity"]


class RarityState(State):
    """The whole detector as JSON."""

    seed: int
    feature: str
    learnt: bool


class Rarity:
    """Number of programs (or other things) in the window that the workload has never shown.

    The score is one count, ``binaries.never_seen`` by default: what a set lookup against history
    finds. 0 and up, higher = stranger. NaN when unlearnt, and where the count is missing
    (features made without a baseline). A model that does not beat it has added nothing.

    Fails when attackers use programs that the workload runs anyway (shells, interpreters), and in
    a young container where everything is new.

    Parameters
    ----------
    seed
        Has no effect.
    feature
        The count to use.

    References
    ----------
    Forrest et al. (1996), A Sense of Self for Unix Processes (membership in the set of what was
    seen), https://doi.org/10.1109/SECPRI.1996.502675

    Examples
    --------
    >>> frame = pl.DataFrame({"binaries.never_seen": [0.0, 2.0]})
    >>> detector = Rarity()
    >>> detector.learn(frame[:1])
    >>> detector.score(frame)
    array([0., 2.])
    """

    name: ClassVar[str] = "rarity"
    online: ClassVar[bool] = False
    trivial: ClassVar[bool] = False
    in_bits: ClassVar[bool] = False
    exact: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("binaries",)

    def __init__(self, *, seed: int = 0, feature: str = "binaries.never_seen") -> None:
        self.seed, self.feature, self._learnt = seed, feature, False

    def learn(self, windows: pl.DataFrame) -> None:
        """Check that the count is there; history itself is in the baseline."""
        if self.feature not in windows.columns:
            have = ", ".join(feature_columns(windows))
            raise UnknownNameError(f"{self.name}: no column {self.feature!r}; the windows have: {have}")
        self._learnt = self._learnt or not windows.is_empty()

    def score(self, windows: pl.DataFrame) -> Array:
        """Return the count of each window."""
        return matrix(windows, [self.feature])[:, 0] if self._learnt else no_opinion(windows)

    def prequential(self, windows: pl.DataFrame) -> Array:
        """Return `score`."""
        return self.score(windows)

    def explain(self, windows: pl.DataFrame) -> pl.DataFrame:
        """Give the one feature the whole share."""
        return self.attribute(windows).shares()

    def attribute(self, windows: pl.DataFrame) -> Attribution:
        """Return the value itself: the one part that there is."""
        if not self._learnt:
            return unattributed(windows.height)
        values = self.score(windows)[:, None]
        return Attribution([self.feature], values, values, np.zeros_like(values))

    def save(self, folder: Path) -> None:
        """Write the parameters."""
        write_state(folder, RarityState(seed=self.seed, feature=self.feature, learnt=self._learnt))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        state = read_state(folder, RarityState)
        detector = cls(seed=state.seed, feature=state.feature)
        detector._learnt = state.learnt
        return detector
