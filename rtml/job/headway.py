"""How far shards are that take long: workers write it down, the job says it.

One container may have nine of ten events of a day, and it is one shard. Whoever reads a shard in pieces
notes after each how many events lie behind it, in the job's own cache. Workers of other machines, which do
not share it, note nothing that is seen: their shards count when they end. Nothing but what is shown depends
on it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import copy_context
from pathlib import Path

from rtml.job.tasks import Task
from rtml.progress import report

__all__ = ["note", "said"]

_EVERY = 1.0
"""Seconds from one look at the notes to the next."""


def note(task: Task, share: float) -> None:
    """Note what share of the events of a shard was read.

    Where there is no cache, as on another machine, nothing is noted.
    """
    with suppress(OSError):
        _place(task).write_text(str(int(task.events * share)))


@contextmanager
def said(tasks: Sequence[Task], step: str) -> Iterator[set[str]]:
    """Say how far the shards are, while the block runs, and that the step has ended behind it.

    Yields
    ------
    The names of the shards that have ended, for the block to add to.
    """
    ended, over = set[str](), threading.Event()
    total = sum(task.events for task in tasks)
    if tasks:
        Path(tasks[0].cache).mkdir(parents=True, exist_ok=True)

    def look() -> None:
        while not over.wait(_EVERY):
            report(step, max(min(_behind(tasks, ended), total - 1), 0), total, "events")

    report(step, 0, total, "events")
    thread = threading.Thread(target=copy_context().run, args=(look,), name="headway", daemon=True)
    thread.start()
    try:
        yield ended
    finally:
        over.set()
        thread.join()
        report(step, total, total, "events")


def _behind(tasks: Sequence[Task], ended: set[str]) -> int:
    """Return how many events lie behind all shards."""
    return sum(task.events if task.name in ended else _noted(task) for task in tasks)


def _noted(task: Task) -> int:
    # A note that is being written is read half, or not at all: the next look reads it whole.
    with suppress(OSError, ValueError):
        return min(int(_place(task).read_text()), task.events)
    return 0


def _place(task: Task) -> Path:
    return Path(task.cache) / f"{task.name}.read"
