"""Work that goes on in a thread of its own, one piece after the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

__all__ = ["Aside"]

Given = TypeVar("Given")


class Aside(Generic[Given]):
    """Does ``work`` with what it is called with, while the caller goes on.

    The next call waits until the last one is done. What went wrong there is raised by `check`, `wait` or the
    next call, in the caller's thread.

    Examples
    --------
    >>> done = []
    >>> with Aside(done.append) as aside:
    ...     aside(1)
    ...     aside(2)
    ...     aside.wait()
    >>> done, aside.busy()
    ([1, 2], False)
    """

    def __init__(self, work: Callable[[Given], None]) -> None:
        self._work, self._pool = work, ThreadPoolExecutor(1)
        self._last: Future[None] | None = None

    def __enter__(self) -> Aside[Given]:
        """Return it; when the block is left, what is at work is waited for."""
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for what is at work; what went wrong there is not said any more."""
        self._pool.shutdown()

    def __call__(self, given: Given) -> None:
        """Begin to work, when the last piece is done."""
        self.wait()
        self._last = self._pool.submit(self._work, given)

    def busy(self) -> bool:
        """Tell whether something is at work."""
        return self._last is not None and not self._last.done()

    def check(self) -> None:
        """Raise what went wrong, if that is known by now."""
        if not self.busy():
            self.wait()

    def wait(self) -> None:
        """Wait until nothing is at work; raise what went wrong."""
        last, self._last = self._last, None
        if last is not None:
            last.result()
