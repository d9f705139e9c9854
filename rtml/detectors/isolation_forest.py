"""Isolation forest over all workloads (scikit-learn), batch."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import polars as pl
import pydantic

from rtml.arrays import Array
from rtml.detectors import scaling
from rtml.detectors.columns import Chosen
from rtml.detectors.contract import UNKNOWN, in_time_order, no_opinion
from rtml.detectors.explanation import Attribution, by_replacement, unattributed
from rtml.detectors.forest_paths import Paths, Rows
from rtml.detectors.forest_trees import Trees, load_trees
from rtml.detectors.ranges import Ranges, RangesState
from rtml.detectors.repeats import distinct
from rtml.errors import UsageError
from rtml.reading.state import State, parse_state, read_files, state_bytes, write_files

__all__ = ["IsolationForest"]

_FILES = ("forest.npz", "state.json")


class ForestState(State):
    """Everything but the trees."""

    seed: int
    trees: int
    samples: int
    least: int
    features: str
    chosen: Chosen
    ranges: RangesState | None

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> ForestState:
        if self.ranges is not None and len(self.ranges.fleet.centre) != len(self.chosen.names) + 1:
            raise ValueError("the ranges do not fit the features")
        return self


class IsolationForest:
    r"""How few random splits set a window apart from the training windows of all workloads.

    Where rows hold surprises, the forest looks at novelty alone (`rtml.detectors.columns`): what surprises
    beyond chance, and how much was never seen. Those compare with the row's own workload already, so one
    range serves all. Other values are placed in their workload's training range first
    (`rtml.detectors.scaling`; a workload with fewer than ``least`` training windows uses the range of all),
    so "strange" means strange for its own kind, and one forest can learn from all kinds.

    A forest cannot split where training never varied: a count that was always 0 may rise to 10^6
    unseen. Published isolation forests hold the scored rows themselves; ours adds what that would
    have done. With *h* the path length in a tree, *d* columns and *g* the column's chance to set
    the row apart at once (`scaling.gap`), each split on the way is such a column's with chance
    :math:`q = \frac{1}{d}\sum_j g_j`, so the expected length is
    :math:`h' = (1 - (1-q)^h)/q` (:math:`h` for :math:`q = 0`), and the score

    .. math:: s = 2^{-\overline{h'}/c(\psi)}

    in (0, 1], higher = stranger (scikit-learn's sign is flipped here, once). NaN when unlearnt.

    Fails when strangeness lies in a combination of values that are usual one by one, and on
    few training windows. A missing value counts as set apart (g = 1) unless training had it, too.

    Parameters
    ----------
    seed
        Seed of the trees.
    trees, samples
        Number of trees, and of training windows each is grown from (:math:`\psi`).
    least
        Training windows that a workload needs to have a range of its own.
    features
        ``novelty`` or ``all`` (`rtml.detectors.columns.CHOICES`).
    jobs
        Threads for growing trees; the result does not depend on it.

    References
    ----------
    Liu, Ting, Zhou (2008), Isolation Forest, https://doi.org/10.1109/ICDM.2008.17

    Examples
    --------
    >>> quiet = pl.DataFrame({"workload": ["web"] * 9, "a.x": [0.1, 0.2, 0.3] * 3})
    >>> detector = IsolationForest()
    >>> detector.learn(quiet)
    >>> usual, strange = detector.score(pl.DataFrame({"workload": ["web"] * 2, "a.x": [0.2, 90.0]}))
    >>> bool(strange > usual)
    True
    """

    name: ClassVar[str] = "isolation_forest"
    online: ClassVar[bool] = False
    trivial: ClassVar[bool] = False
    in_bits: ClassVar[bool] = False

    def __init__(
        self,
        *,
        seed: int = 0,
        trees: int = 200,
        samples: int = 4096,
        least: int = 5,
        features: str = "novelty",
        jobs: int = 1,
    ) -> None:
        if not (1 <= trees <= 10_000 and samples >= 2 and least >= 1):
            raise UsageError(f"isolation_forest: bad trees {trees}, samples {samples} or {least}")
        self.seed, self.trees, self.samples = seed, trees, samples
        self.least, self.features, self.jobs = least, features, jobs
        self._chosen = Chosen(names=[])
        self._ranges: Ranges | None = None
        self._paths: Paths | None = None

    def learn(self, windows: pl.DataFrame) -> None:
        """Grow a new forest from these windows (at least two); the order of rows has no effect."""
        if windows.height < 2:
            return
        ordered = in_time_order(windows)
        self._chosen = Chosen.of(ordered, self.features, self.name)
        raw = self._chosen.matrix(ordered)
        self._ranges = Ranges.of(raw, self._chosen.groups(ordered), self.least, self._chosen.linear)
        from sklearn.ensemble import IsolationForest as SklearnForest  # a second: who scores needs it not

        forest = SklearnForest(
            n_estimators=self.trees,
            max_samples=min(self.samples, len(raw)),
            random_state=self.seed,
            n_jobs=self.jobs,
        )
        forest.fit(self._placed(raw, self._chosen.groups(ordered))[0])
        self._paths = Paths(Trees.of(forest))

    def score(self, windows: pl.DataFrame) -> Array:
        """Return the anomaly score of each window."""
        if self._paths is None:
            return no_opinion(windows)
        raw, groups = self._chosen.matrix(windows), self._chosen.groups(windows)
        first, place = distinct(raw, groups)
        placed = self._placed(raw[first], [groups[row] for row in first])
        return _scores(self._paths, *placed)[place]

    def prequential(self, windows: pl.DataFrame) -> Array:
        """Return `score`: a batch detector does not learn on the way."""
        return self.score(windows)

    def explain(self, windows: pl.DataFrame) -> pl.DataFrame:
        """Set one feature at a time to its usual value; what the score loses is its part."""
        return self.attribute(windows).shares()

    def attribute(self, windows: pl.DataFrame) -> Attribution:
        """Return each column's part of the score, by replacement.

        Splits on the way down, counted by column, would add up to the path length; but they credit what a
        tree happened to split first: of 1,000 typical windows with one value far outside, 16 blamed a feature
        without which the window would be stranger, of windows at the edge of training 5 named another first.
        """
        if self._paths is None:
            return unattributed(windows.height)
        raw, groups = self._chosen.matrix(windows), np.array(self._chosen.groups(windows), dtype=np.str_)
        usual, parts = self._trained().usual(groups.tolist()), np.zeros_like(raw)
        for group in np.unique(groups).tolist():
            ours = groups == group
            parts[ours] = by_replacement(partial(self._scored, group), raw[ours], usual[ours])
        return Attribution([*self._chosen.names, UNKNOWN], parts, raw, usual)

    def save(self, folder: Path) -> None:
        """Write the trees (arrays) and everything else (JSON)."""
        state = ForestState(
            seed=self.seed,
            trees=self.trees,
            samples=self.samples,
            least=self.least,
            features=self.features,
            chosen=self._chosen,
            ranges=self._ranges.state() if self._ranges else None,
        )
        trees = self._paths.trees.dump() if self._paths else b""
        write_files(folder, dict(zip(_FILES, (trees, state_bytes(state)), strict=True)))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; the arrays are checked before a row descends."""
        files = read_files(folder, _FILES)
        state = parse_state(files["state.json"], ForestState, folder)
        detector = cls(
            seed=state.seed,
            trees=state.trees,
            samples=state.samples,
            least=state.least,
            features=state.features,
        )
        if state.ranges is None:
            return detector
        detector._chosen, detector._ranges = state.chosen, state.ranges.ranges()
        limits = {"columns": len(state.chosen.names) + 1, "trees": state.trees, "samples": state.samples}
        detector._paths = Paths(load_trees(files["forest.npz"], folder / "forest.npz", **limits))
        return detector

    def _trained(self) -> Ranges:
        assert self._ranges is not None
        return self._ranges

    def _scored(self, group: str, raw: Array) -> Array:
        """Score raw rows of one peer group."""
        assert self._paths is not None
        scale = self._trained().scale(group)
        rows, gaps = scaling.unit(scale, raw).astype(np.float32), scaling.gap(scale, raw)
        return _scores(self._paths, rows, gaps)

    def _placed(self, raw: Array, groups: list[str]) -> tuple[Rows, Array]:
        """Return rows in the unit cube (float32, as trees compare) and the gaps of each value."""
        ranges = self._trained()
        return ranges.unit(raw, groups).astype(np.float32), ranges.gap(raw, groups)


def _hastened(lengths: Array, gaps: Array) -> Array:
    """Return path lengths, shape (trees, rows), when each split ends the path with chance q."""
    q = np.minimum(gaps.mean(axis=1), 1.0 - 1e-12)
    rate = np.maximum(q, 1e-300)
    return np.asarray(np.where(q > 0, -np.expm1(lengths * np.log1p(-q)) / rate, lengths))


def _scores(paths: Paths, rows: Rows, gaps: Array) -> Array:
    return np.concatenate([_of_block(paths, *block) for block in paths.blocks(rows, gaps)])


def _of_block(paths: Paths, rows: Rows, gaps: Array) -> Array:
    lengths = paths.lengths(rows)
    # Trees are summed one by one: a row's bits must not depend on how many rows come along.
    return np.asarray(np.exp2(-sum(_hastened(lengths, gaps)) / len(lengths) / paths.usual))
