"""Detectors: from windows to one score per window, higher = stranger, NaN = no opinion.

Registering one is an entry of `DETECTORS`, or an entry point of ``rtml.detectors`` in another
package; `rtml.detectors.contract` is the promise and `rtml.testing.check_detector` holds every entry
to it. Estimators of scikit-learn, PyOD and River come in by `adapt`, or by kind as in
``sklearn:OneClassSVM``. `rtml.models.calibration` turns scores into p-values and alarms,
`rtml.models.files` keeps a whole model in one folder.
"""

from __future__ import annotations

import datetime as dt
import inspect
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rtml import registered
from rtml.detectors.adapters import adapt, adapted_class
from rtml.detectors.contract import CONTRIBUTIONS, Detector, feature_columns, forked, is_detector, peer_groups
from rtml.errors import RtmlError, UsageError, lookup
from rtml.registry import Registry

__all__ = [
    "CONTRIBUTIONS",
    "DETECTORS",
    "Detector",
    "adapt",
    "detector_class",
    "feature_columns",
    "forked",
    "load_detector",
    "make_detector",
    "peer_groups",
]

DETECTORS: Registry[type[Detector]] = Registry(
    "detector", "rtml.detectors", registered.DETECTORS, is_detector
)
"""Every detector by name."""


def detector_class(kind: str) -> type[Detector]:
    """Return the class of a kind of detector.

    Parameters
    ----------
    kind
        A name of `DETECTORS`, or ``sklearn:``, ``pyod:`` or ``river:`` and the name of a class
        (`rtml.detectors.adapters.names`); nothing else is ever imported.

    Raises
    ------
    UsageError
        No such kind; the nearest is named.
    RtmlError
        The package that it is of is not installed, or its plug-in is broken.

    Examples
    --------
    >>> detector_class("surprise").name, detector_class("sklearn:OneClassSVM").name
    ('surprise', 'sklearn:OneClassSVM')
    >>> detector_class("sklearn:OneClassSVN")
    Traceback (most recent call last):
    ...
    rtml.errors.UnknownNameError: unknown estimator of sklearn 'OneClassSVN'; did you mean 'OneClassSVM'?
    """
    return adapted_class(kind) if ":" in kind else lookup(DETECTORS, kind, "detector")


def make_detector(label: str, parameters: Mapping[str, Any], seed: int = 0) -> Detector:
    """Make a detector as a configuration names it.

    Parameters
    ----------
    label
        What the detector is called; its kind too, unless ``parameters`` has ``kind``.
    parameters
        Keywords of the kind; a ``seed`` of its own wins over ``seed``.

    Raises
    ------
    UsageError
        No such kind, or it does not take these parameters.

    Examples
    --------
    >>> make_detector("tight", {"kind": "sklearn:OneClassSVM", "nu": 0.01}).name
    'sklearn:OneClassSVM'
    >>> make_detector("rarity", {"featur": "events"})
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: detector 'rarity': ... got an unexpected keyword argument 'featur'...
    """
    keywords = {"seed": seed, **parameters}
    kind = detector_class(keywords.pop("kind", label))
    _refuse_odd(label, kind, keywords)
    try:
        return kind(**keywords)
    except TypeError as error:
        raise UsageError(f"detector {label!r}: {error}") from error


def _refuse_odd(label: str, kind: type[Detector], keywords: Mapping[str, Any]) -> None:
    """Refuse a number that is none, and of our own kinds a value of another type than the default."""
    taken = {} if ":" in kind.name else inspect.signature(kind).parameters
    for name, value in keywords.items():
        wanted = type(taken[name].default) if name in taken else None
        odd = isinstance(value, float) and not math.isfinite(value)
        if wanted in (int, float):
            odd = odd or isinstance(value, bool) or not isinstance(value, int | float)
            odd = odd or (wanted is int and value != int(value))
        if odd or isinstance(value, dt.date):
            words = "a whole number" if wanted is int else "a number"
            raise UsageError(f"detector {label!r}: {name}: {words} is wanted, not {value!r}")


def load_detector(kind: str, folder: Path) -> Detector:
    """Read a detector that was saved in ``folder``; an unknown kind is an `RtmlError` like damage."""
    try:
        return detector_class(kind).load(folder)
    except UsageError as error:
        raise RtmlError(f"{folder}: {error}") from error
