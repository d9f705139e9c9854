"""A fitted estimator of scikit-learn or PyOD as a function from rows to scores, one sign for all.

Some estimators look at the rows of one call together: PyOD's ECOD ranks them among the training rows, so
a row's score depends on the rows beside it. Others add up in another order when there are more rows, which
moves the last bits. A score must depend on neither, so what is found out right after fitting decides
whether rows are asked for together (fast) or one by one (a call each, about a millisecond).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from rtml.arrays import Array
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
        spread = max(1.0, float(np.nanmax(np.abs(alone), initial=0.0)))
        close = bool(np.allclose(together, alone, rtol=0.0, atol=_ROUND_OFF * spread, equal_nan=True))
        return np.array_equal(together, alone, equal_nan=True), close

    def scores(self, rows: Array) -> Array:
        """Return one score per row, higher = stranger, the same bits whatever the other rows."""
        return self._together(rows) if self._exact else self._one_by_one(rows)

    def nearly(self, rows: Array) -> Array:
        """Return `scores` up to round-off: all rows in one call where that moves no more than round-off."""
        return self._together(rows) if self._close else self._one_by_one(rows)

    def _together(self, rows: Array) -> Array:
        parts = [self._answer(rows[start : start + _BLOCK]) for start in range(0, len(rows), _BLOCK)]
        return np.concatenate([np.empty(0), *parts])

    def _one_by_one(self, rows: Array) -> Array:
        return np.array([self._answer(rows[i : i + 1])[0] for i in range(len(rows))])

    def _answer(self, rows: Array) -> Array:
        """Ask once; infinite becomes plus or minus `HUGE`, NaN stays "no opinion"."""
        with _without_warnings():
            answer = self._sign * np.asarray(self._ask(rows), dtype=np.float64).reshape(len(rows))
        return np.asarray(np.clip(answer, -HUGE, HUGE))
