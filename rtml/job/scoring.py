"""One day is scored: cut into shards, given to an engine, judged, committed."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from rtml.captures import Capture
from rtml.captures.in_scope import InScope
from rtml.captures.joining import joined
from rtml.errors import RtmlError, first_line
from rtml.job import ruling
from rtml.job.days import commit_day
from rtml.job.engines import Engine, Machines
from rtml.job.headway import said
from rtml.job.judging import judge_day
from rtml.job.known import Index, Known
from rtml.job.opening import FAULTS, damaged_files, opened
from rtml.job.places import Place
from rtml.job.plan import Asked, Day, Told
from rtml.job.ruling import most_events, ruled
from rtml.job.shard import FACTS, PARTS
from rtml.job.tasks import BYTES, LEAST, Task, tasks_of
from rtml.models import Model
from rtml.reading.json_text import json_of
from rtml.reading.whole import write_bytes

__all__ = ["Failed", "Powers", "Work", "capture_of", "damage", "score_day"]


class Failed(Exception):
    """Shards of a day could not be read; the first reason."""


@dataclass(frozen=True)
class Powers:
    """What a job may use: an engine, ``workers`` processes, ``memory`` in bytes for all of them."""

    engine: Engine
    machines: Machines
    memory: int


@dataclass
class Work:
    """Where shards lie until their day is committed, and what they cost: seconds each."""

    folder: Path
    cache: Path
    seconds: list[float] = field(default_factory=list)


def capture_of(day: Day, asked: Asked, cache: Path) -> Capture:
    """Open all captures of a day as one, within the scope."""
    parts = [opened(url, known.stamp, sorted(known.damaged), cache) for url, known in day.members]
    return InScope.of(joined(parts), asked.scope)


def score_day(out: Place, day: Day, model: Model, asked: Asked, powers: Powers, work: Work) -> None:
    """Score a day and commit it.

    Raises
    ------
    Failed
        A capture cannot be opened, or a shard cannot be read.
    RtmlError
        The model has learnt from these events.
    """
    try:
        capture = capture_of(day, asked, work.cache)
    except FAULTS as error:
        raise Failed(_first_line(error)) from error
    workers, threaded = powers.machines.workers, powers.engine.threaded
    tasks = tasks_of(day, capture, asked, model, powers.memory, workers, work.cache, threaded)
    files, ruled_ = _both(tasks, day, capture, asked, powers, work)
    commit_day(out, day, judge_day(day, capture, model, asked, files, ruled_))
    for named in files:
        for path in named.values():
            path.unlink(missing_ok=True)


def _both(
    tasks: Sequence[Task], day: Day, capture: Capture, asked: Asked, powers: Powers, work: Work
) -> tuple[list[dict[str, Path]], pl.DataFrame | None]:
    """Return the files of all shards, and the findings of rules where any were asked for.

    Rules run in this process while shards are read, where memory is enough for both at once.
    """
    if asked.told is None:
        return _shards(tasks, powers, work), None
    most, beside = _room(tasks, powers)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(copy_context().run, _ruled, day, capture, asked.told, most)
        if not beside:
            running.result()
        return _shards(tasks, powers, work), running.result()


def _room(tasks: Sequence[Task], powers: Powers) -> tuple[int, bool]:
    """Return how many events rules may look at together, and whether shards are read meanwhile.

    Beside several workers this process has a share as each of them has. Where it reads the one shard itself,
    both go on together if both have room for the whole.
    """
    if len(tasks) > 1:
        return most_events(powers.memory // (powers.machines.workers + 1)), True
    own = powers.memory * 5 // 8
    needed = sum(LEAST + task.events * (BYTES + ruling.BYTES) for task in tasks)
    return most_events(own), needed <= own


def _ruled(day: Day, capture: Capture, told: Told, most: int) -> pl.DataFrame:
    try:
        return ruled(day, capture, told.chosen, most)
    except FAULTS as error:
        raise Failed(_first_line(error)) from error


def _shards(tasks: Sequence[Task], powers: Powers, work: Work) -> list[dict[str, Path]]:
    """Return the files of every shard; what a killed job left of the same shards is taken over."""
    files = [{part: work.folder / f"{task.name}.{part}" for part in PARTS} for task in tasks]
    open_ = [n for n, named in enumerate(files) if not all(path.is_file() for path in named.values())]
    wanted, faults = [tasks[n] for n in open_], list[Exception]()
    with said(wanted, "scoring") as ended:
        for place, outcome in powers.engine.run(wanted, powers.machines):
            ended.add(wanted[place].name)
            if isinstance(outcome, Exception):
                faults.append(outcome)
                continue
            work.seconds.append(json_of(outcome[FACTS])["seconds"])
            for part, content in outcome.items():
                write_bytes(files[open_[place]][part], content)
    if faults:
        raise Failed(_first_line(faults[0])) from faults[0]
    return files


def damage(index: Index, day: Day, before: Sequence[str], cache: Path) -> Index | None:
    """Read the files of a day to their ends; return the manifest without those that cannot be, if any.

    What the day was made of ``before`` (digests) stays in it: without it findings would go.
    """
    captures = dict(index.captures)
    for url, known in day.members:
        if known.digest not in before:
            captures[url] = known.model_copy(update=_damage(url, known, cache))
    changed = Index(captures=captures, asked=index.asked)
    return None if changed == index else changed


def _damage(url: str, known: Known, cache: Path) -> dict[str, object]:
    try:
        return {"damaged": damaged_files(url, known.stamp, cache)}
    except FAULTS as error:
        return {"aside": _first_line(error)}


def _first_line(error: BaseException) -> str:
    if isinstance(error, RtmlError | OSError):
        return first_line(error)
    return f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
