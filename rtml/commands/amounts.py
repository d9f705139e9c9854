"""Times, lengths and shares of a command line, checked while it is read (`rtml.commands.arguments`)."""

from __future__ import annotations

import math

import typer

from rtml.errors import UsageError

__all__ = ["above_zero", "probability", "time", "window"]


def window(param: typer.CallbackParam, value: str | None) -> str | None:
    """Check the length of a window; the usual one needs no check."""
    if value is not None and value != param.default:
        from rtml.times import Window

        Window.of(value)
    return value


def time(value: str | None) -> str | None:
    """Check a point of time."""
    if value is not None:
        from rtml.times import moment

        moment(value)
    return value


def above_zero(value: float | None) -> float | None:
    """Check a budget."""
    if value is not None and not 0 < value < math.inf:
        raise UsageError(f"budget {value:g}: must be a number above 0", argument="budget")
    return value


def probability(value: float) -> float:
    """Check a level of significance.

    Examples
    --------
    >>> probability(1.0)
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: alpha 1: must lie between 0 and 1
    """
    if not 0 < value < 1:
        raise UsageError(f"alpha {value:g}: must lie between 0 and 1", argument="alpha")
    return value
