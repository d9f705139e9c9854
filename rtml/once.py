"""What is made once for several: features of models that differ in their seed, writes of correlations."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar, cast

__all__ = ["is_keeping", "keeping", "once"]

_MOST = 4
"""Tables that are kept at a time; the oldest goes first."""

_Made = TypeVar("_Made")
_kept: ContextVar[dict[Hashable, Any] | None] = ContextVar("kept", default=None)


@contextmanager
def keeping() -> Iterator[None]:
    """Keep what `once` makes until the end of the block."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def is_keeping() -> bool:
    """Say whether what is made now is kept: whether it is worth making for several."""
    return _kept.get() is not None


def once(key: Callable[[], Hashable], make: Callable[[], _Made]) -> _Made:
    """Return what ``make`` gives: within `keeping` it is made once per key.

    Parameters
    ----------
    key
        Gives all that the result depends on; asked within `keeping` alone, as digests take time.
    make
        Makes what nobody changes afterwards.

    Examples
    --------
    >>> made = []
    >>> with keeping():
    ...     for number in (1, 1, 2):
    ...         once(lambda: number, lambda: made.append(1))
    >>> len(made)
    2
    """
    kept = _kept.get()
    if kept is None:
        return make()
    name = key()
    if name not in kept:
        while len(kept) >= _MOST:
            del kept[next(iter(kept))]
        kept[name] = make()
    return cast(_Made, kept[name])
