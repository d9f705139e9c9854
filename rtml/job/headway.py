"""How far shards are that take long: workers write it down, the job says it.

One container may have nine of ten events of a day, and it is one shard. Whoever reads a shard in pieces
notes after each how many events lie behind it, in the job's own cache. Workers of other machines, which do
not share it, note nothing that is seen: their shards count when they end. Nothing but what is shown depends
on it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import copy_context
from pathlib import Path

from rtml.errors import RtmlError
from rtml.job.tasks import Task
from rtml.progress import report
from rtml.reading.whole import write_bytes

__all__ = ["note", "said"]

_EVERY = 1.0
"""Seconds from one look at the notes to the next."""


def note(task: Task, share: float) -> None:
    """Note what share of the events of a shard was read.

    Where there is no cache, as on another machine, nothing is noted.
    """
    place = _place(task.cache, task.name)
    if place.parent.is_dir():
        with suppress(OSError, RtmlError):
            write_bytes(place, str(int(task.events * share)).encode())


@contextmanager
def said(tasks: Sequence[Task], step: str) -> Iterator[set[str]]:
    """Say how far the shards are, while the block runs, and that the step has ended behind it.

    Yields
    ------
    The names of the shards that have ended, for the block to add to.
    """
    ended, over = set[str](), threading.Event()
    # A name is a digest of all that a shard depends on: it is made once, not at every look.
    named = {task.name: task for task in tasks}
    total = sum(task.events for task in tasks)
    if tasks:
        Path(tasks[0].cache).mkdir(parents=True, exist_ok=True)

    def look() -> None:
        while not over.wait(_EVERY):
            report(step, max(min(_behind(named, ended), total - 1), 0), total, "events")

    report(step, 0, total, "events")
    thread = threading.Thread(target=copy_context().run, args=(look,), name="headway", daemon=True)
    thread.start()
    try:
        yield ended
    finally:
        over.set()
        thread.join()
        report(step, total, total, "events")


def _behind(named: Mapping[str, Task], ended: set[str]) -> int:
    """Return how many events lie behind all shards."""
    return sum(task.events if name in ended else _noted(name, task) for name, task in named.items())


def _noted(name: str, task: Task) -> int:
    with suppress(OSError, ValueError):
        return min(int(_place(task.cache, name).read_text()), task.events)
    return 0


def _place(cache: str, name: str) -> Path:
    return Path(cache) / f"{name}.read"
