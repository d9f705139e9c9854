"""Rules beside a model: what both look at is read once where it fits, and neither waits for the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from contextvars import copy_context
from dataclasses import dataclass

import polars as pl

from rtml.captures import Capture, in_memory
from rtml.captures.in_memory import InMemory
from rtml.captures.in_time import InTime
from rtml.job import ruling, tasks
from rtml.job.opening import failing
from rtml.job.plan import Day, Told
from rtml.job.ruling import loaded, most_events, ruled
from rtml.job.shard import looking_at
from rtml.job.tasks import LEAST, Task
from rtml.rules.running.ruling import Rules

__all__ = ["Room", "beside", "room"]

Findings = Callable[[], pl.DataFrame]


@dataclass(frozen=True)
class Room:
    """What memory has room for.

    ``most`` events that rules look at together; shards that are read ``meanwhile``; all events of the day in
    memory, for both (``near``).
    """

    most: int
    meanwhile: bool
    near: bool


def room(shards: Sequence[Task], memory: int, workers: int) -> Room:
    """Return what there is room for.

    Beside several workers this process has a share as each of them has. Where it reads the one shard itself,
    it runs the rules first, unless there is room for all at once.

    Examples
    --------
    >>> task = Task("2026-01-01", ("", ""), (), None, 1, 9_000_000, "", None, {})
    >>> room([task], 20_000_000_000, 2).near, room([task], 2_000_000_000, 2).meanwhile
    (True, False)
    """
    if len(shards) > 1:
        return Room(most_events(memory // (workers + 1)), meanwhile=True, near=False)
    own = memory * 5 // 8
    each = tasks.BYTES + ruling.BYTES + in_memory.BYTES
    fits = sum(LEAST + task.events * each for task in shards) <= own
    return Room(most_events(own), meanwhile=fits, near=fits)


@contextmanager
def beside(
    day: Day, capture: Capture, told: Told | None, space: Room
) -> Iterator[tuple[Capture, Findings | None]]:
    """Run rules over a day while the block reads its shards, and judges.

    Yields
    ------
    The capture, from memory where there is room, which shards that this process reads then look at too; and
    what waits for the findings of the rules. None where none were asked for.
    """
    if told is None:
        yield capture, None
        return
    with ThreadPoolExecutor(1) as pool:
        rules = pool.submit(loaded, capture, told.chosen)
        if space.near:
            with failing():
                capture = InMemory.of(InTime.of(capture, *day.view))
        running = pool.submit(copy_context().run, _ruled, day, capture, rules, space.most)
        if not space.meanwhile:
            running.result()
        with looking_at(capture) if space.near else nullcontext():
            yield capture, running.result


def _ruled(day: Day, capture: Capture, rules: Future[Rules], most: int) -> pl.DataFrame:
    with failing():
        return ruled(day, capture, rules.result(), most)
