"""Kinds of foreign estimators, as ``sklearn:OneClassSVM``, and the closed set that they are looked up in.

======== ======================================================================= ====================
package  where                                                                   what it must have
======== ======================================================================= ====================
sklearn  ``sklearn.{covariance,ensemble,mixture,neighbors,svm}``                 ``score_samples``
pyod     ``pyod.models`` (a class that is defined in one of its files)           ``decision_function``
river    ``river.anomaly``                                                       ``score_one``
======== ======================================================================= ====================

A kind comes from a configuration or from a model's folder, so it is never used as an import path: the
modules are the ones above, and the class must be one of those that they define.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rtml.errors import NotSaved, RtmlError, UsageError, did_you_mean, lookup

__all__ = ["estimator_class", "kind_of", "refuse_unknown", "version_of"]

_SKLEARN = ("covariance", "ensemble", "mixture", "neighbors", "svm")
_DEFINED = re.compile(r"^class (\w+)\(", re.MULTILINE)
_DISTRIBUTION = {"sklearn": "scikit-learn", "pyod": "pyod", "river": "river"}


def estimator_class(kind: str) -> type[Any]:
    """Return the class that a kind stands for.

    Raises
    ------
    UnknownNameError
        The package is none of the three, or has no such estimator.
    RtmlError
        The package, or one that the estimator needs besides, is not installed.

    Examples
    --------
    >>> estimator_class("river:HalfSpaceTrees").__module__
    'river.anomaly.hst'
    >>> estimator_class("os:system")
    Traceback (most recent call last):
    ...
    rtml.errors.UnknownNameError: unknown package of estimators 'os'; known: pyod, river, sklearn
    """
    package, _, name = kind.partition(":")
    name = name.rpartition(".")[2]
    modules = lookup(_FINDERS, package, "package of estimators")
    if find_spec(package) is None:
        raise RtmlError(
            f"{kind} needs the package {_DISTRIBUTION[package]}, which is not installed"
            f" (pip install {_DISTRIBUTION[package]})"
        )
    table = modules()
    module = lookup(table, name, f"estimator of {package}")
    try:
        estimator: Any = getattr(import_module(module), name)
    except ImportError as error:
        raise RtmlError(f"{kind} needs a package that is not installed ({error})") from error
    if not isinstance(estimator, type) or not hasattr(estimator, _MEMBER[package]):
        suggestion = did_you_mean(name, _usable(package, table))
        raise UsageError(f"{kind} has no {_MEMBER[package]}, so it is no detector; {suggestion}")
    return estimator


def kind_of(estimator: type[Any]) -> str | None:
    """Return the kind that stands for a class; None where it is not of the closed set.

    Examples
    --------
    >>> from sklearn.svm import SVC, OneClassSVM
    >>> kind_of(OneClassSVM), kind_of(SVC), kind_of(dict)
    ('sklearn:OneClassSVM', None, None)
    """
    package = estimator.__module__.partition(".")[0]
    kind = f"{package}:{estimator.__name__}"
    try:
        return kind if package in _FINDERS and estimator_class(kind) is estimator else None
    except RtmlError:
        return None


def refuse_unknown(estimator: type[Any], name: str) -> None:
    """Raise the `NotSaved` of saving an estimator whose class could not be found again on loading."""
    if kind_of(estimator) != name:
        raise NotSaved(
            f"{name} cannot be saved: {estimator.__module__}.{estimator.__qualname__} is no class that rtml"
            " looks up by name, so only pickle could keep it; write a detector of your own"
            " (rtml.detectors.contract), or train it anew where it is needed"
        )


def version_of(kind: str) -> str:
    """Return name and version of the package that a kind is of, as in ``scikit-learn 1.9.1``."""
    from importlib.metadata import version

    distribution = _DISTRIBUTION[kind.partition(":")[0]]
    return f"{distribution} {version(distribution)}"


@cache
def _of_sklearn() -> Mapping[str, str]:
    modules = [import_module(f"sklearn.{name}") for name in _SKLEARN]
    return {name: module.__name__ for module in modules for name in module.__all__}


@cache
def _of_pyod() -> Mapping[str, str]:
    """Find classes by reading PyOD's files: importing them all would need a dozen heavy packages."""
    folder = Path(str(import_module("pyod.models").__file__)).parent
    return {
        name: f"pyod.models.{path.stem}"
        for path in sorted(folder.glob("*.py"))
        for name in _DEFINED.findall(path.read_text("utf-8"))
        if not name.startswith("_") and "base" not in path.stem
    }


@cache
def _of_river() -> Mapping[str, str]:
    module = import_module("river.anomaly")
    return dict.fromkeys(module.__all__, module.__name__)


_FINDERS: dict[str, Callable[[], Mapping[str, str]]] = {
    "sklearn": _of_sklearn,
    "pyod": _of_pyod,
    "river": _of_river,
}
_MEMBER = {"sklearn": "score_samples", "pyod": "decision_function", "river": "score_one"}


def _usable(package: str, table: Mapping[str, str]) -> list[str]:
    """Return the names of a package that can be adapted; PyOD's are not imported to find out."""
    if package == "pyod":
        return list(table)
    return [
        name
        for name, module in table.items()
        if hasattr(getattr(import_module(module), name), _MEMBER[package])
    ]
