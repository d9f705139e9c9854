"""Estimators of scikit-learn and PyOD as batch detectors."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl

from rtml.arrays import Array
from rtml.detectors.adapters.fitted import Fitted, reader_of
from rtml.detectors.adapters.making import Plain, fresh, made, plain_parameters, seeded
from rtml.detectors.adapters.names import refuse_unknown, version_of
from rtml.detectors.adapters.refitting import Kept, RefitState, read_kept, sample, write_kept
from rtml.detectors.contract import UNKNOWN, feature_columns, in_time_order, matrix, no_opinion, peer_groups
from rtml.detectors.explanation import Attribution, by_replacement, unattributed
from rtml.detectors.ranges import Ranges
from rtml.errors import NotSaved, RtmlError, UsageError

__all__ = ["BatchAdapter"]

_ROUND_OFF = 1e-6


class BatchAdapter:
    """An estimator of scikit-learn or PyOD that learns from the windows of all workloads.

    Each value is placed in its workload's training range first (`rtml.detectors.scaling`; a workload
    with fewer than ``least`` training windows uses the range of all), so "strange" means strange for its
    own kind, and one estimator can learn from all kinds. A missing value is the number 0, which no value
    takes; the last column counts feature columns that were not there in training.

    The score is the estimator's own, in its own unit, higher = stranger: ``score_samples`` with its sign
    turned, PyOD's ``decision_function`` as it is (`rtml.detectors.adapters.fitted`). Infinite scores count
    as 1e300; NaN when unlearnt, and where the estimator says so. A row's score never depends on the rows
    beside it; where the estimator would let it, it is asked row by row, about a millisecond each (PyOD's
    ECOD and COPOD are worked out instead, `rtml.detectors.adapters.ranked`).

    Explained by replacement: what the score loses when one feature takes its usual value.

    A saved model holds parameters, seed and training rows, no pickle: loading fits again, which takes
    as long as training did, and refuses when the scores of the training rows come out otherwise.

    Fails where the estimator fails, where it cannot bear columns that never vary (scikit-learn's
    ``EllipticEnvelope`` warns), and on strangeness in columns that it does not look at: an isolation forest
    of scikit-learn cannot split where training never varied, ours can.

    Parameters
    ----------
    seed
        Given to the estimator as ``random_state`` where it has one that was left open.
    least
        Training windows that a workload needs to have a range of its own.
    parameters
        The estimator's own.
    like
        An estimator to take the parameters of, instead of ``parameters``.

    References
    ----------
    scikit-learn, https://scikit-learn.org/stable/modules/outlier_detection.html;
    PyOD, https://pyod.readthedocs.io

    Examples
    --------
    >>> from sklearn.svm import OneClassSVM
    >>> from rtml.detectors import adapt
    >>> quiet = pl.DataFrame({"workload": ["web"] * 9, "a.x": [0.1, 0.2, 0.3] * 3})
    >>> detector = adapt(OneClassSVM(nu=0.1))
    >>> detector.score(quiet[:1])
    array([nan])
    >>> detector.learn(quiet)
    >>> usual, strange = detector.score(pl.DataFrame({"workload": ["web"] * 2, "a.x": [0.2, 90.0]}))
    >>> bool(strange > usual)
    True
    """

    name: ClassVar[str]
    online: ClassVar[bool] = False
    trivial: ClassVar[bool] = False
    in_bits: ClassVar[bool] = False
    estimator: ClassVar[type[Any]]

    def __init__(self, *, seed: int = 0, least: int = 5, like: Any = None, **parameters: Any) -> None:
        if least < 1:
            raise UsageError(f"{self.name}: least must be 1 or more, got {least}")
        unlearnt = made(self.estimator, parameters, self.name) if like is None else like
        self.seed, self.least = seed, least
        self._blank = seeded(_for_novelty(unlearnt), seed)
        reader_of(self._blank)
        self._features: list[str] = []
        self._ranges: Ranges | None = None
        self._rows = np.empty((0, 0))
        self._fitted: Fitted | None = None

    def learn(self, windows: pl.DataFrame) -> None:
        """Fit a new estimator to these windows (at least two); the order of rows has no effect."""
        if windows.height < 2:
            return
        ordered = in_time_order(windows)
        features, groups = feature_columns(ordered), peer_groups(ordered)
        raw = matrix(ordered, features)
        ranges = Ranges.of(raw, groups, self.least)
        self._take(features, ranges, ranges.unit(raw, groups))

    def _take(self, features: list[str], ranges: Ranges, rows: Array) -> None:
        """Fit to training rows in the unit cube."""
        self._fitted = Fitted(fresh(self._blank), rows, self.name)
        self._features, self._ranges, self._rows = features, ranges, rows

    def score(self, windows: pl.DataFrame) -> Array:
        """Return the estimator's score of each window."""
        if self._fitted is None or self._ranges is None:
            return no_opinion(windows)
        raw = matrix(windows, self._features)
        return self._fitted.scores(self._ranges.unit(raw, peer_groups(windows)))

    def prequential(self, windows: pl.DataFrame) -> Array:
        """Return `score`: a batch detector does not learn on the way."""
        return self.score(windows)

    def explain(self, windows: pl.DataFrame) -> pl.DataFrame:
        """Set one feature at a time to its usual value; what the score loses is its part."""
        return self.attribute(windows).shares()

    def attribute(self, windows: pl.DataFrame) -> Attribution:
        """Return each column's part of the score, by replacement."""
        if self._fitted is None or self._ranges is None:
            return unattributed(windows.height)
        raw, groups = matrix(windows, self._features), np.array(peer_groups(windows), dtype=np.str_)
        usual, parts = self._ranges.usual(groups.tolist()), np.zeros_like(raw)
        for group in np.unique(groups).tolist():
            ours = groups == group
            parts[ours] = by_replacement(partial(self._nearly, group), raw[ours], usual[ours])
        return Attribution([*self._features, UNKNOWN], parts, raw, usual)

    def _nearly(self, group: str, raw: Array) -> Array:
        """Score raw rows of one peer group, up to round-off."""
        assert self._fitted is not None and self._ranges is not None
        return self._fitted.nearly(self._ranges.unit(raw, [group] * len(raw)))

    def save(self, folder: Path) -> None:
        """Write parameters, ranges and training rows; what could only be pickled is a `NotSaved`."""
        refuse_unknown(self.estimator, self.name)
        parameters = plain_parameters(self._blank, self.name)
        scores = np.empty(0) if self._fitted is None else self._fitted.scores(sample(self._rows))
        refitted = self._refitted(parameters, self._rows)
        if not np.array_equal(refitted, scores, equal_nan=True):
            raise NotSaved(
                f"{self.name} cannot be saved: fitted again to the same windows it scores them otherwise, so"
                " only pickle could keep it; give it a seed, or train it anew where it is needed"
            )
        state = RefitState(
            seed=self.seed,
            least=self.least,
            parameters=parameters,
            version=version_of(self.name),
            features=self._features,
            ranges=self._ranges.state() if self._ranges is not None else None,
            rows=len(self._rows),
        )
        write_kept(folder, Kept(state, self._rows, scores), self.name)

    def _refitted(self, parameters: dict[str, Plain], rows: Array) -> Array:
        """Return the scores of the training rows by an estimator that is made and fitted again."""
        if not len(rows):
            return np.empty(0)
        twin = Fitted(made(self.estimator, parameters, self.name), rows, self.name)
        return twin.scores(sample(rows))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Fit to what `save` wrote, and compare."""
        saved = read_kept(folder)
        state = saved.state
        try:
            detector = cls(seed=state.seed, least=state.least, **state.parameters)
            if state.ranges is not None:
                detector._take(state.features, state.ranges.ranges(), saved.rows)
        except (RtmlError, TypeError) as error:
            raise RtmlError(f"{folder}: {error}") from None
        scores = np.empty(0) if detector._fitted is None else detector._fitted.scores(sample(saved.rows))
        if not np.allclose(scores, saved.scores, rtol=_ROUND_OFF, atol=_ROUND_OFF, equal_nan=True):
            raise RtmlError(
                f"{folder}: {cls.name} of {version_of(cls.name)} fits otherwise than that of {state.version},"
                " which saved it; train it anew"
            )
        return detector


def _for_novelty(estimator: Any) -> Any:
    """Let scikit-learn's local outlier factor score rows that it has not learnt from: ours all are."""
    parameters = estimator.get_params(deep=False) if hasattr(estimator, "get_params") else {}
    if parameters.get("novelty") is False:
        return fresh(estimator).set_params(novelty=True)
    return estimator
