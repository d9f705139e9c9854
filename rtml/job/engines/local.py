"""The engine ``local``: spawned processes of this machine, with one Polars thread each.

Spawned, never forked: Polars' threads do not survive a fork. One thread each, because shards are many and
threads that wait for each other are not: one task, or a small day, runs in the job's own process instead.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait

from rtml.errors import RtmlError
from rtml.job.engines.contract import Engine, Machines, Outcome
from rtml.job.engines.kept import Kept
from rtml.job.engines.threads import one_thread_each
from rtml.job.lessons import Lesson
from rtml.job.shard import read_shard
from rtml.job.tasks import Task

__all__ = ["LOCAL", "SMALL"]

SMALL = 500_000
"""Events up to which no process is worth its start."""

_TRIES = 3
_KEPT = Kept[ProcessPoolExecutor]()
"""The pool that waits for the next run, where one is kept."""


def _run(tasks: Sequence[Task | Lesson], machines: Machines) -> Iterator[tuple[int, Outcome]]:
    if len(tasks) < 2 or machines.workers < 2 or sum(task.events for task in tasks) <= SMALL:
        yield from ((number, _outcome(task)) for number, task in enumerate(tasks))
        return
    waiting = dict(enumerate(tasks))
    for attempt in range(_TRIES):
        # Whoever kills workers is found by letting one run at a time.
        workers = 1 if attempt == _TRIES - 1 else machines.workers
        for number, outcome in _in_pool(waiting, workers, alone=workers == 1):
            del waiting[number]
            yield number, outcome
        if not waiting:
            return
    for number in waiting:
        yield number, RtmlError("its worker died each time: less memory than it needs? (memory, workers)")


def _in_pool(tasks: dict[int, Task | Lesson], workers: int, alone: bool) -> Iterator[tuple[int, Outcome]]:
    """Yield outcomes until all are there or a worker dies; ``alone``: one pool for each task."""
    groups = [[number] for number in tasks] if alone else [list(tasks)]
    for group in groups:
        with _pool(workers, keep=not alone) as pool, one_thread_each():
            running = {pool.submit(_outcome, tasks[number]): number for number in group}
            for future in as_completed(running):
                with suppress(BrokenProcessPool):
                    yield running[future], future.result()


@contextmanager
def _pool(workers: int, keep: bool = False) -> Iterator[ProcessPoolExecutor]:
    """Give a pool that ends with the block, or the one that is kept; one whose worker died is not."""
    kept = _KEPT.now() if keep else None
    pool = kept.pop() if kept else _started(workers)
    try:
        yield pool
        if kept is not None and _lives(pool):
            kept.append(pool)
            return
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()


def _started(workers: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, context, initializer=_end_with_parent)


def _lives(pool: ProcessPoolExecutor) -> bool:
    try:
        pool.submit(int)
    except BrokenProcessPool:
        return False
    return True


def _end_with_parent() -> None:
    """Let a worker end when the job is killed, which closes no pipe that workers hold themselves."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()


def _outcome(task: Task | Lesson) -> Outcome:
    try:
        return read_shard(task)
    except Exception as error:  # the job decides what becomes of it
        return error


LOCAL = Engine("local", _run, _KEPT.block, threaded=True)
