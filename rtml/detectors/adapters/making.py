"""Unlearnt estimators: made from parameters, seeded, copied, and described by plain parameters."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from typing import Annotated, Any

import pydantic

from rtml.errors import NotSaved, UnknownNameError, UsageError, did_you_mean

__all__ = ["Parameters", "Plain", "fresh", "made", "plain_parameters", "seeded"]

Plain = int | float | str | bool | None
"""What a parameter can be to be written into a model."""

_LARGEST = 2**32


def _sensible(parameters: dict[str, Plain]) -> dict[str, Plain]:
    if any(isinstance(value, int) and abs(value) > _LARGEST for value in parameters.values()):
        raise ValueError("a parameter is larger than any sensible one")
    return parameters


Parameters = Annotated[dict[str, Plain], pydantic.AfterValidator(_sensible)]
"""Parameters in a model's file. They name no code, but they can ask for a model of any size: load only
models whose author may spend this machine's time."""


def made(estimator: type[Any], parameters: Mapping[str, Any], name: str) -> Any:
    """Make an estimator; a parameter that it does not know is an `UnknownNameError` with the nearest one.

    Examples
    --------
    >>> from sklearn.svm import OneClassSVM
    >>> made(OneClassSVM, {"gama": 0.1}, "sklearn:OneClassSVM")
    Traceback (most recent call last):
    ...
    rtml.errors.UnknownNameError: sklearn:OneClassSVM has no parameter 'gama'; did you mean 'gamma'?
    """
    accepted = inspect.signature(estimator).parameters
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in accepted.values()):
        for keyword in parameters:
            if keyword not in accepted:
                raise UnknownNameError(
                    f"{name} has no parameter {keyword!r}; {did_you_mean(keyword, accepted)}"
                )
    try:
        return estimator(**parameters)
    except Exception as error:  # foreign constructors raise anything
        objects = [p.name for p in accepted.values() if p.default is p.empty and p.name not in parameters]
        hint = f"; {objects[0]!r} must be given (an object: use rtml.adapt)" if objects else ""
        raise UsageError(f"{name}: {type(error).__name__}: {error}{hint}") from error


def fresh(estimator: Any) -> Any:
    """Return an unlearnt estimator with the same parameters: its own ``clone``, else scikit-learn's.

    An object of neither kind is copied as it is: give it unlearnt.
    """
    if hasattr(estimator, "learn_one"):
        return estimator.clone() if hasattr(estimator, "clone") else copy.deepcopy(estimator)
    from sklearn.base import clone

    return clone(estimator, safe=False)


def seeded(estimator: Any, seed: int) -> Any:
    """Return a fresh estimator whose ``random_state`` or ``seed`` is set where it was left open.

    A number that was given is kept; so are nested estimators' numbers.

    Examples
    --------
    >>> from sklearn.ensemble import IsolationForest
    >>> seeded(IsolationForest(), 3).random_state, seeded(IsolationForest(random_state=8), 3).random_state
    (3, 8)
    """
    if hasattr(estimator, "learn_one") and hasattr(estimator, "clone"):
        return estimator.clone(_river_seeds(estimator, seed))
    blank = fresh(estimator)
    if hasattr(blank, "get_params"):
        parameters = blank.get_params()
        _refuse_generators(parameters)
        blank.set_params(
            **{k: seed for k, v in parameters.items() if k.endswith("random_state") and v is None}
        )
    return blank


def _refuse_generators(parameters: Mapping[str, Any]) -> None:
    for name, value in parameters.items():
        if name.endswith("random_state") and not (value is None or isinstance(value, int)):
            raise UsageError(f"{name} must be a whole number: a generator goes on from run to run")


def _river_seeds(estimator: Any, seed: int) -> dict[str, Any]:
    """Return new parameters for River's ``clone``: every open seed, also of estimators inside."""
    if hasattr(estimator, "steps"):
        return {name: _river_seeds(step, seed) for name, step in estimator.steps.items()}
    changed: dict[str, Any] = {}
    for name, value in estimator._get_params().items():
        if name == "seed" and value is None:
            changed[name] = seed
        elif isinstance(value, tuple) and hasattr(getattr(estimator, name), "_get_params"):
            changed[name] = (value[0], {**value[1], **_river_seeds(getattr(estimator, name), seed)})
    return changed


def plain_parameters(estimator: Any, name: str) -> dict[str, Plain]:
    """Return the parameters that differ from the defaults, or refuse: they must be plain values.

    Raises
    ------
    NotSaved
        A parameter is an object, which only pickle could keep.
    """
    read = getattr(estimator, "_get_params", None) or (lambda: estimator.get_params(deep=False))
    parameters, defaults = read(), _defaults(type(estimator))
    changed = {
        key: value for key, value in parameters.items() if not _is_default(value, defaults.get(key, ...))
    }
    for key, value in changed.items():
        if not isinstance(value, Plain):
            raise NotSaved(
                f"{name} cannot be saved: its parameter {key!r} is of type {type(value).__name__},"
                " which would need pickle; train it anew where it is needed, or choose a plain value"
            )
    return changed


def _defaults(estimator: type[Any]) -> dict[str, Any]:
    """Return what an estimator's parameters are when none is given; empty where some must be."""
    try:
        blank = estimator()
    except Exception:  # a required parameter, or whatever else
        return {}
    read = getattr(blank, "_get_params", None) or blank.get_params
    return dict(read())


def _is_default(value: Any, default: Any) -> bool:
    try:
        return type(value) is type(default) and bool(value == default)
    except ValueError:  # arrays of several values are neither equal nor different
        return False
