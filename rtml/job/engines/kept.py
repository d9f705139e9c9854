"""What an engine keeps from run to run: workers take longer to start than a small day to read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Generic, Protocol, TypeVar

from rtml.job.engines.contract import Machines

__all__ = ["Kept"]


class _Ending(Protocol):
    def shutdown(self) -> None: ...


T = TypeVar("T", bound=_Ending)


class Kept(Generic[T]):
    """What waits for the next run of a `block`, and is shut down at its end.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> kept = Kept()
    >>> with kept.block(Machines(1, None)):
    ...     kept.now().append(ThreadPoolExecutor(1))
    >>> kept.now() is None
    True
    """

    def __init__(self) -> None:
        self._now: ContextVar[list[T] | None] = ContextVar("kept", default=None)

    def now(self) -> list[T] | None:
        """Return what is kept, to which may be added; None outside a block."""
        return self._now.get()

    @contextmanager
    def block(self, machines: Machines) -> Iterator[None]:
        """Keep what is added until the block ends (`rtml.job.engines.contract.Engine.keeping`)."""
        kept: list[T] = []
        token = self._now.set(kept)
        try:
            yield
        finally:
            self._now.reset(token)
            for one in kept:
                one.shutdown()
