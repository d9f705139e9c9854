"""The largest deviation of any feature, batch."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import polars as pl

from rtml.arrays import Array
from rtml.detectors.columns import Chosen
from rtml.detectors.contract import UNKNOWN, no_opinion
from rtml.detectors.deviations import Deviant, Deviations
from rtml.detectors.explanation import Attribution, unattributed
from rtml.errors import UsageError
from rtml.reading.state import read_state, write_state

__all__ = ["LargestZ"]


class LargestZ:
    r"""How many deviations the strangest feature lies from what is usual in the workload.

    :math:`s = \max_j |z_j|`, 0 and up, higher = stranger, *z* in deviations of the logarithm
    (`rtml.detectors.deviations`: mean and deviation of the peer group, drawn towards those of all
    groups where it has shown little). One look at every column by itself: nothing to tune, and
    what a model of all columns together has to beat. A missing value counts by how rarely training
    had it missing. NaN when unlearnt.

    The explanation divides the score exactly: what a column has beyond the next smaller one is shared
    by it and all larger ones (the Shapley values of a maximum), so the strangest always comes first.

    Fails when strangeness lies in a combination of values that are usual one by one, when many
    features rise a little together, and where training has rare bursts: these widen the deviation.

    Parameters
    ----------
    seed
        Has no effect: nothing here is random.
    pull
        Weight of the variance within all groups, in windows.
    features
        ``novelty`` or ``all`` (`rtml.detectors.columns.CHOICES`).

    References
    ----------
    Grubbs (1969), Procedures for Detecting Outlying Observations,
    https://doi.org/10.1080/00401706.1969.10490657; Littlechild, Owen (1973), A Simple Expression for
    the Shapley Value in a Special Case, https://doi.org/10.1287/mnsc.20.3.370

    Examples
    --------
    >>> quiet = pl.DataFrame({"workload": ["web"] * 9, "a.x": [9.0, 10.0, 11.0] * 3})
    >>> detector = LargestZ()
    >>> detector.learn(quiet)
    >>> detector.score(pl.DataFrame({"workload": ["web"] * 2, "a.x": [10.0, 90.0]})).round(1)
    array([ 0. , 25.4])
    """

    name: ClassVar[str] = "largest_z"
    online: ClassVar[bool] = False
    trivial: ClassVar[bool] = False
    in_bits: ClassVar[bool] = False
    exact: ClassVar[bool] = True

    def __init__(self, *, seed: int = 0, pull: float = 5.0, features: str = "novelty") -> None:
        if not 0 <= pull < float("inf"):
            raise UsageError(f"largest_z: pull must be 0 or more, got {pull}")
        self.seed, self.pull, self.features = seed, float(pull), features
        self._chosen = Chosen(names=[])
        self._deviations: Deviations | None = None

    def learn(self, windows: pl.DataFrame) -> None:
        """Take mean and deviation per workload and of all; the order of rows has no effect."""
        if windows.is_empty():
            return
        self._chosen = Chosen.of(windows, self.features, self.name)
        raw = self._chosen.matrix(windows)
        self._deviations = Deviations.of(raw, self._chosen.groups(windows), self.pull)

    def score(self, windows: pl.DataFrame) -> Array:
        """Return the largest deviation of each window."""
        if self._deviations is None:
            return no_opinion(windows)
        return np.asarray(self._sizes(self._deviations, windows).max(axis=1))

    def prequential(self, windows: pl.DataFrame) -> Array:
        """Return `score`: a batch detector does not learn on the way."""
        return self.score(windows)

    def explain(self, windows: pl.DataFrame) -> pl.DataFrame:
        """Return how the columns share the maximum: exact."""
        return self.attribute(windows).shares()

    def attribute(self, windows: pl.DataFrame) -> Attribution:
        """Return the columns' parts of the maximum, in deviations: they add up to the score."""
        if self._deviations is None:
            return unattributed(windows.height)
        parts = _parts_of_maximum(self._sizes(self._deviations, windows))
        usual = self._deviations.centre(self._chosen.groups(windows))
        return Attribution([*self._chosen.names, UNKNOWN], parts, self._chosen.matrix(windows), usual)

    def _sizes(self, deviations: Deviations, windows: pl.DataFrame) -> Array:
        """Return how many deviations each value is away, shape (rows, columns)."""
        groups = self._chosen.groups(windows)
        z = np.abs(deviations.signed(self._chosen.matrix(windows), groups))
        return np.where(np.isnan(z), deviations.absent(groups), z)

    def save(self, folder: Path) -> None:
        """Write parameters and deviations as JSON."""
        deviations = self._deviations.state() if self._deviations else None
        state = Deviant(
            seed=self.seed, pull=self.pull, features=self.features, chosen=self._chosen, deviations=deviations
        )
        write_state(folder, state)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        state = read_state(folder, Deviant)
        detector = cls(seed=state.seed, pull=state.pull, features=state.features)
        detector._chosen = state.chosen
        detector._deviations = state.deviations.deviations() if state.deviations else None
        return detector


def _parts_of_maximum(sizes: Array) -> Array:
    """Divide each row's maximum: every step up is shared by the columns that reach it.

    Examples
    --------
    >>> _parts_of_maximum(np.array([[2.0, 0.0, 5.0]]))
    array([[1., 0., 4.]])
    """
    order = np.argsort(sizes, axis=1, kind="stable")
    steps = np.diff(np.take_along_axis(sizes, order, axis=1), axis=1, prepend=0.0)
    reached = np.arange(sizes.shape[1], 0, -1)
    parts = np.empty_like(sizes)
    np.put_along_axis(parts, order, np.cumsum(steps / reached, axis=1), axis=1)
    return parts
