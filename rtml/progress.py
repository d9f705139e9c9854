"""How far long work is: library functions say it, whoever wants to know listens.

Nobody listens by default, and saying it then costs a look at a variable. The command line shows a
bar; a notebook may listen as well. Functions speak at their natural steps (a file, a family of
features, a detector, a group of rules), never for every event.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

__all__ = ["Listener", "listening", "report", "stage", "steps"]

T = TypeVar("T")

Listener = Callable[[str, float, float | None, str], None]
"""Takes what `report` was given: step, done, total, unit."""

_LISTENER: ContextVar[Listener | None] = ContextVar("rtml_progress", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Let a listener hear what the work inside the block reports; the inner one of two hears.

    Parameters
    ----------
    listener
        Is called in the thread of the work, so it must be quick; what it raises stops the work.

    Examples
    --------
    >>> with listening(lambda *heard: print(*heard)):
    ...     for name in steps(["lineage", "files"], "features", "families"):
    ...         pass
    features 0 2 families
    features 1 2 families
    features 2 2 families
    """
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def report(step: str, done: float, total: float | None = None, unit: str = "") -> None:
    """Say how far a step is.

    Parameters
    ----------
    step
        What is being done, in a word or two; steps may lie within each other.
    done, total
        In ``unit``, from 0; the total is null where nobody knows it. The step has ended when both
        are equal.
    unit
        Of what, in the plural (``files``); ``bytes`` are shown as MB.
    """
    listener = _LISTENER.get()
    if listener is not None:
        listener(step, done, total, unit)


def steps(items: Collection[T], step: str, unit: str) -> Iterator[T]:
    """Iterate and say before each item how many are done; the step ends with the loop.

    Examples
    --------
    >>> list(steps((), "reading", "files"))
    []
    """
    try:
        for done, item in enumerate(items):
            report(step, done, len(items), unit)
            yield item
    finally:
        report(step, len(items), len(items), unit)


@contextmanager
def stage(step: str) -> Iterator[None]:
    """Report a step whose length is unknown."""
    report(step, 0)
    try:
        yield
    finally:
        report(step, 1, 1)
