"""The next of a row of things is made while the last is worked on: two processors instead of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

__all__ = ["ahead"]

T = TypeVar("T")
_END = object()


def ahead(items: Iterable[T]) -> Iterator[T]:
    """Yield the same items in the same order, each made in a thread while the one before is in use.

    Never more than one is made ahead, so that memory grows by one item. What making one raises is raised
    when its turn comes, after all items before it; who stops early waits for the one that is being made.

    Helps when both sides spend their time outside of Python's lock, as Polars, files and parsers do.

    Examples
    --------
    >>> list(ahead(word.upper() for word in ["exec", "open"]))
    ['EXEC', 'OPEN']
    """
    source = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        waiting = thread.submit(next, source, _END)
        while (item := waiting.result()) is not _END:
            waiting = thread.submit(next, source, _END)
            yield cast(T, item)
