"""What principal components of the training windows cannot rebuild, batch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import polars as pl

from rtml.arrays import Array
from rtml.detectors.columns import Chosen
from rtml.detectors.contract import UNKNOWN, no_opinion
from rtml.detectors.deviations import Deviant, Deviations
from rtml.detectors.explanation import Attribution, unattributed
from rtml.detectors.repeats import distinct
from rtml.errors import RtmlError, UsageError
from rtml.reading.array_files import array_bytes, named_arrays
from rtml.reading.state import parse_state, read_files, state_bytes, write_files

__all__ = ["PcaResidual"]

_FILES = ("components.npz", "state.json")


class PcaResidual:
    r"""How far a window lies from the plane in which the training windows vary together.

    Each value is first counted in deviations from what is usual in its workload
    (`rtml.detectors.deviations`), so one plane can be learnt from all workloads. Of the principal
    components *V* of *n* training windows with *d* columns that vary, those are kept whose variance
    exceeds :math:`(1 + \sqrt{d/n})^2`: more than the strongest would have if no two columns had
    anything to do with each other. What these cannot rebuild is strange:

    .. math:: r = z - V V^T z, \qquad s = \sqrt{\textstyle\sum_j r_j^2}

    in deviations, 0 and up, higher = stranger: counts that rise and fall with the load cancel out, a
    count that leaves its company does not. A missing value takes no part in *z* and counts in *r* by how
    rarely training had it missing. NaN when unlearnt.

    The explanation is exact: :math:`s = \sum_j z_j r_j / s`, as the residual of a residual is itself (with
    missing columns: the residual of what *r* has in the others). A column's own deviation is to blame, not
    what it leaves in its neighbours: with :math:`r_j^2 / s^2`, which adds up as well, one count that leaves
    its company blames the whole company.

    Fails when an attack does much more of the same: that lies in the plane.

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
    Shyu et al. (2003), A Novel Anomaly Detection Scheme Based on Principal Component Classifier,
    https://apps.dtic.mil/sti/citations/ADA465712; Lakhina et al. (2004), Diagnosing Network-Wide
    Traffic Anomalies (the residual), https://doi.org/10.1145/1015467.1015492; Alcala, Qin (2009)
    (contributions), https://doi.org/10.1016/j.automatica.2009.02.027; Marchenko, Pastur (1967)
    (the bound), https://doi.org/10.1070/SM1967v001n04ABEH001994

    Examples
    --------
    >>> load = [float(i) for i in range(1, 25)]
    >>> quiet = pl.DataFrame({"a.reads": load, "a.writes": load, "a.opens": load})
    >>> detector = PcaResidual()
    >>> detector.learn(quiet)
    >>> two = pl.DataFrame({"a.reads": [30.0, 9.0], "a.writes": [30.0, 9.0], "a.opens": [30.0, 1.0]})
    >>> busy, strange = detector.score(two)
    >>> bool(strange > busy)
    True
    """

    name: ClassVar[str] = "pca_residual"
    online: ClassVar[bool] = False
    trivial: ClassVar[bool] = False
    in_bits: ClassVar[bool] = False
    exact: ClassVar[bool] = True

    def __init__(self, *, seed: int = 0, pull: float = 5.0, features: str = "novelty") -> None:
        if not 0 <= pull < float("inf"):
            raise UsageError(f"pca_residual: pull must be 0 or more, got {pull}")
        self.seed, self.pull, self.features = seed, float(pull), features
        self._chosen = Chosen(names=[])
        self._deviations: Deviations | None = None
        self._components = np.empty((0, 0))

    def learn(self, windows: pl.DataFrame) -> None:
        """Take deviations per workload and components of all; the order of rows has no effect."""
        if windows.is_empty():
            return
        self._chosen = Chosen.of(windows, self.features, self.name)
        raw, groups = self._chosen.matrix(windows), self._chosen.groups(windows)
        self._deviations = Deviations.of(raw, groups, self.pull)
        z = np.nan_to_num(self._deviations.signed(raw, groups), nan=0.0)
        self._components = _components(z)

    def score(self, windows: pl.DataFrame) -> Array:
        """Return the length of each window's residual, in deviations."""
        if self._deviations is None:
            return no_opinion(windows)
        raw, groups = self._chosen.matrix(windows), self._chosen.groups(windows)
        first, place = distinct(raw, groups)
        total = np.zeros(len(first))
        residuals = self._residuals(self._deviations, raw[first], [groups[row] for row in first])
        for column in residuals.T:  # in this order, whoever comes along
            total += column**2
        return np.sqrt(total)[place]

    def prequential(self, windows: pl.DataFrame) -> Array:
        """Return `score`: a batch detector does not learn on the way."""
        return self.score(windows)

    def explain(self, windows: pl.DataFrame) -> pl.DataFrame:
        """Return what every column's own deviation adds to the residual.

        The parts are exact; a column without which the residual would be longer is left out, unless that is
        so of every column.
        """
        attribution = self.attribute(windows)
        if self._deviations is None:
            return attribution.shares()
        missed = 2 * attribution.parts > self._alone(self._deviations, windows)
        blamed = missed | ~missed.any(axis=1, keepdims=True)
        return attribution._replace(parts=np.where(blamed, attribution.parts, 0.0)).shares()

    def attribute(self, windows: pl.DataFrame) -> Attribution:
        """Return the parts of the residual's length, in deviations: they add up to the score.

        A deviation that the others explain has a negative part: without it the window would be stranger.
        """
        if self._deviations is None:
            return unattributed(windows.height)
        groups = self._chosen.groups(windows)
        raw = self._chosen.matrix(windows)
        residuals = self._residuals(self._deviations, raw, groups)
        z = self._deviations.signed(raw, groups)
        missing = np.isnan(z)
        known = np.where(missing, 0.0, z)
        left = self._unexplained(np.where(missing, 0.0, residuals))
        squares = np.where(missing, residuals**2, known * left)
        length = np.sqrt(np.maximum((residuals**2).sum(axis=1, keepdims=True), 1e-300))
        usual = self._deviations.centre(groups)
        return Attribution([*self._chosen.names, UNKNOWN], squares / length, raw, usual)

    def _alone(self, deviations: Deviations, windows: pl.DataFrame) -> Array:
        """Return the part that each column would have, were all others as usual; 0 where it is missing.

        In a sum of squares a column is worth twice its part, less this, to who takes it away.
        """
        raw, groups = self._chosen.matrix(windows), self._chosen.groups(windows)
        z = deviations.signed(raw, groups)
        weights = self._unexplained(np.eye(z.shape[1])) ** 2
        squares = np.nan_to_num(z, nan=0.0) ** 2 * _product((~np.isnan(z)).astype(np.float64), weights)
        length = np.sqrt((self._residuals(deviations, raw, groups) ** 2).sum(axis=1, keepdims=True))
        return np.asarray(squares / np.maximum(length, 1e-150))

    def _residuals(self, deviations: Deviations, raw: Array, groups: list[str]) -> Array:
        z = deviations.signed(raw, groups)
        residuals = self._unexplained(np.nan_to_num(z, nan=0.0))
        return np.where(np.isnan(z), deviations.absent(groups), residuals)

    def _unexplained(self, z: Array) -> Array:
        """Return what the components cannot rebuild."""
        return z - _product(_product(z, self._components), self._components.T)

    def save(self, folder: Path) -> None:
        """Write the components (array) and everything else (JSON)."""
        state = Deviant(
            seed=self.seed,
            pull=self.pull,
            features=self.features,
            chosen=self._chosen,
            deviations=self._deviations.state() if self._deviations else None,
        )
        contents = (array_bytes({"components": self._components}), state_bytes(state))
        write_files(folder, dict(zip(_FILES, contents, strict=True)))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; the array is checked before a row meets it."""
        files = read_files(folder, _FILES)
        state = parse_state(files["state.json"], Deviant, folder)
        detector = cls(seed=state.seed, pull=state.pull, features=state.features)
        detector._chosen = state.chosen
        if state.deviations is not None:
            detector._deviations = state.deviations.deviations()
            columns = len(state.chosen.names) + 1
            detector._components = _loaded(files["components.npz"], folder / "components.npz", columns)
        return detector


def _components(z: Array) -> Array:
    """Return the components that are stronger than chance, shape (columns, kept)."""
    rows = z[np.lexsort(z.T)]
    # einsum, not a BLAS: its sums do not depend on threads.
    strength, vectors = np.linalg.eigh(np.einsum("ni,nj->ij", rows, rows) / len(rows))
    varying = int(np.sum(np.ptp(z, axis=0) > 0))
    chance = (1 + np.sqrt(varying / len(rows))) ** 2
    return np.ascontiguousarray(vectors[:, strength > chance])


def _product(rows: Array, weights: Array) -> Array:
    """Multiply, column by column: a row's bits must not depend on how many rows come along."""
    product = np.zeros((len(rows), weights.shape[1]))
    for column, weight in zip(rows.T, weights, strict=True):
        product += column[:, None] * weight
    return product


def _loaded(data: bytes, file: Path, columns: int) -> Array:
    """Return the components, or raise an `RtmlError` that names ``file``."""
    try:
        for wrong, fault in _amiss(components := named_arrays(data, ["components"])[0], columns):
            if wrong:
                raise ValueError(fault)
    # zipfile and numpy raise any exception on hostile bytes: each is a refusal.
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise RtmlError(f"{file}: not sound components ({reason}); train it anew") from None
    return np.ascontiguousarray(components)


def _amiss(components: Array, columns: int) -> Iterator[tuple[bool, str]]:
    """Yield whether this is no orthonormal basis; each check relies on the last."""
    yield components.dtype != np.float64 or components.ndim != 2, "not a table of doubles"
    yield len(components) != columns or components.shape[1] > columns, "of another shape"
    unit = np.eye(components.shape[1])
    yield (
        not np.allclose(components.T @ components, unit, atol=1e-6),
        "not at right angles, or not of length 1",
    )
