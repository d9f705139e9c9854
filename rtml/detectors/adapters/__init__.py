"""Estimators of scikit-learn, PyOD and River as detectors, by duck typing; nothing of theirs is pickled.

`adapt` takes an object, `adapted_class` a kind as a configuration writes it (``pyod:ECOD``).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from rtml.detectors.adapters.names import estimator_class, kind_of
from rtml.detectors.contract import Detector

__all__ = ["adapt", "adapted_class"]


def adapt(estimator: Any, *, seed: int = 0, least: int = 5, **options: Any) -> Detector:
    """Make a detector of an estimator: scaled, explained, calibrated and judged like our own.

    Parameters
    ----------
    estimator
        Unlearnt; it is copied, never fitted itself. scikit-learn (``fit``, ``score_samples``), PyOD
        (``fit``, ``decision_function``) or River (``learn_one``, ``score_one``).
    seed
        For its ``random_state`` or ``seed`` where it was left open.
    least
        Training windows that a workload needs: to have a range of its own (scikit-learn and PyOD, which
        learn from all workloads together), or to start (River, a model per workload).
    options
        River only: ``target``, see `rtml.detectors.adapters.stream.StreamAdapter`.

    Raises
    ------
    UsageError
        The object is none of the three, or its parameters make no sense.

    Examples
    --------
    >>> from sklearn.svm import OneClassSVM
    >>> adapt(OneClassSVM(nu=0.05)).name
    'sklearn:OneClassSVM'
    >>> adapt({})
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: dict scores no strangeness: it needs score_samples, PyOD's decision_function or
    River's learn_one and score_one
    """
    kind: Any = type(estimator)
    adapter = _adapter(kind_of(kind) or f"adapted:{kind.__name__}", kind)
    return adapter(seed=seed, least=least, like=estimator, **options)


def adapted_class(kind: str) -> type[Detector]:
    """Return the detector class of a kind; see `rtml.detectors.adapters.names` for what there is.

    Examples
    --------
    >>> adapted_class("river:anomaly.HalfSpaceTrees").name
    'river:HalfSpaceTrees'
    """
    estimator: Any = estimator_class(kind)
    return _adapter(f"{kind.partition(':')[0]}:{estimator.__name__}", estimator)


@cache
def _adapter(name: str, estimator: Any) -> type[Detector]:
    """Make the class that is called ``name``; the adapters are imported when one is needed."""
    base: type[Detector]
    if hasattr(estimator, "learn_one") and hasattr(estimator, "score_one"):
        from rtml.detectors.adapters.stream import StreamAdapter as base
    else:
        from rtml.detectors.adapters.batch import BatchAdapter as base
    return type(base.__name__, (base,), {"name": name, "estimator": estimator, "__module__": base.__module__})
