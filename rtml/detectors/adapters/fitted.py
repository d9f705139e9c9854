"""A fitted estimator of scikit-learn or PyOD as a function from rows to scores, one sign for all.

Some estimators look at the rows of one call together: PyOD's ECOD ranks them among the training rows, so
a row's score depends on the rows beside it. Others add up in another order when there are more rows, which
moves the last bits. A score must depend on neither, so what is found out right after fitting decides
whether rows are asked for together (fast), worked out together as if alone (`ranked`), or asked for one by
one (a call for each that differs, about a millisecond).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from rtml.arrays import Array
from rtml.detectors.adapters.ranked import ranked
from rtml.detectors.contract import HUGE
from rtml.errors import RtmlError, UsageError

__all__ = ["Fitted", "reader_of"]

_PROBE = 16
_BLOCK = 256
_ROUND_OFF = 1e-9


def reader_of(estimator: Any) -> tuple[str, float]:
    """Return the method that scores rows, and the sign that makes higher stranger.

    ``score_samples`` is scikit-learn's: higher = more normal. ``decision_function`` is PyOD's where the
    object has a ``contamination`` and PyOD's ``predict_confidence`` (higher = stranger), else that of a
    scikit-learn outlier detector (higher = more normal), known by its ``fit_predict``.

    Examples
    --------
    >>> from sklearn.svm import SVC, OneClassSVM
    >>> reader_of(OneClassSVM())
    ('score_samples', -1.0)
    >>> reader_of(SVC())
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: SVC scores no strangeness: it needs score_samples, PyOD's decision_function or
    River's learn_one and score_one
    """
    if hasattr(estimator, "fit") and hasattr(estimator, "score_samples"):
        return "score_samples", -1.0
    if hasattr(estimator, "fit") and hasattr(estimator, "decision_function"):
        if hasattr(estimator, "contamination") and hasattr(estimator, "predict_confidence"):
            return "decision_function", 1.0
        if hasattr(estimator, "fit_predict"):
            return "decision_function", -1.0
    raise UsageError(
        f"{type(estimator).__name__} scores no strangeness: it needs score_samples, PyOD's"
        " decision_function or River's learn_one and score_one"
    )


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Let estimators divide by zero in columns that never vary: the scores are checked afterwards."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


class Fitted:
    """An estimator that has learnt ``rows``, and how its answers depend on the rows asked for together.

    Parameters
    ----------
    estimator
        Unlearnt; it is fitted here.
    rows
        Training rows in the unit cube.
    name
        For errors.
    """

    def __init__(self, estimator: Any, rows: Array, name: str) -> None:
        self._name, (method, self._sign) = name, reader_of(estimator)
        self._ask: Callable[[Array], Any] = getattr(estimator, method)
        try:
            with _without_warnings():
                estimator.fit(rows)
            self._exact, self._close = self._probe(rows[:: max(1, len(rows) // _PROBE)][:_PROBE])
            self._ranked = ranked(estimator, rows) if not self._close else None
            if self._ranked is not None and not self._agrees(_between(rows)):
                self._ranked = None
        except (RtmlError, Warning):
            raise
        except Exception as error:  # foreign fits raise anything
            raise RtmlError(
                f"{name} could not learn from {len(rows)} windows: {type(error).__name__}: {error}"
            ) from error

    def _probe(self, rows: Array) -> tuple[bool, bool]:
        alone, again = self._one_by_one(rows), self._one_by_one(rows)
        if not np.array_equal(alone, again, equal_nan=True):
            raise RtmlError(f"{self._name} scores one row differently each time: it cannot be judged")
        if not (np.abs(alone) < HUGE).any():
            raise RtmlError(
                f"{self._name} has no finite score for any window that it learnt from: it may not bear"
                f" columns that never vary ({int((np.ptp(rows, axis=0) == 0).sum())} of {rows.shape[1]})"
            )
        together = self._together(rows)
        return np.array_equal(together, alone, equal_nan=True), _close(together, alone)

    def _agrees(self, rows: Array) -> bool:
        """Say whether what is worked out for these rows is what the estimator says of each alone."""
        return _close(self._alone(rows), self._one_by_one(rows))

    def scores(self, rows: Array) -> Array:
        """Return one score per row, higher = stranger, the same bits whatever the other rows."""
        return self._together(rows) if self._exact else self._alone(rows)

    def nearly(self, rows: Array) -> Array:
        """Return `scores` up to round-off: all rows in one call where that moves no more than round-off."""
        return self._together(rows) if self._close else self._alone(rows)

    def _alone(self, rows: Array) -> Array:
        """Return what each row scores when it is asked for alone; what can be worked out is not asked."""
        if self._ranked is None:
            return self._one_by_one(rows)
        parts, sure = self._ranked.parts(rows)
        scores = self._sign * parts.sum(axis=1)
        scores[~sure] = self._one_by_one(rows[~sure])
        return np.asarray(scores)

    def _together(self, rows: Array) -> Array:
        parts = [self._answer(rows[start : start + _BLOCK]) for start in range(0, len(rows), _BLOCK)]
        return np.concatenate([np.empty(0), *parts])

    def _one_by_one(self, rows: Array) -> Array:
        """Ask for each row by itself; of equal rows once."""
        if not len(rows):
            return np.empty(0)
        asked, place = np.unique(rows, axis=0, return_inverse=True)
        answers = np.array([self._answer(asked[i : i + 1])[0] for i in range(len(asked))])
        return np.asarray(answers[place.reshape(-1)])

    def _answer(self, rows: Array) -> Array:
        """Ask once; infinite becomes plus or minus `HUGE`, NaN stays "no opinion"."""
        with _without_warnings():
            answer = self._sign * np.asarray(self._ask(rows), dtype=np.float64).reshape(len(rows))
        return np.asarray(np.clip(answer, -HUGE, HUGE))


def _close(scores: Array, others: Array) -> bool:
    spread = max(1.0, float(np.nanmax(np.abs(others), initial=0.0)))
    return bool(np.allclose(scores, others, rtol=0.0, atol=_ROUND_OFF * spread, equal_nan=True))


def _between(rows: Array) -> Array:
    """Return rows to try a formula on: learnt ones, those halfway between two, and both ends of the cube."""
    few = rows[:: max(1, len(rows) // _PROBE)][:_PROBE]
    corners = np.repeat([[0.0], [1.0]], rows.shape[1], axis=1)
    return np.concatenate([few, (few + few[::-1]) / 2, corners])
