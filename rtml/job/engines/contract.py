"""What an engine is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from rtml.job.lessons import Lesson
from rtml.job.tasks import Task

__all__ = ["Engine", "Machines", "Outcome"]

Outcome = dict[str, bytes] | Exception
"""What `rtml.job.shard.read_shard` gave for a task, or why it gave nothing."""


@dataclass(frozen=True)
class Machines:
    """Where to run: ``workers`` processes at a time; the ``address`` of a cluster, null: this machine."""

    workers: int = 1
    address: str | None = None


@dataclass(frozen=True)
class Engine:
    """An engine by name.

    ``run`` yields, for every task once and as they end, its place in the sequence and its `Outcome`. A worker
    that dies is no outcome: its task runs again, a bounded number of times. Within ``keeping`` workers stay
    from run to run, for they take longer to start than a small day to read. ``threaded``: a task that is
    alone has all threads.
    """

    name: str
    run: Callable[[Sequence[Task | Lesson], Machines], Iterator[tuple[int, Outcome]]]
    keeping: Callable[[Machines], AbstractContextManager[object]] = nullcontext
    threaded: bool = False
