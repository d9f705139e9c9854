"""One day is scored: cut into shards, given to an engine, judged, committed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rtml.captures import Capture
from rtml.captures.in_scope import InScope
from rtml.captures.joining import joined
from rtml.job.beside import beside, room
from rtml.job.days import commit_day
from rtml.job.engines import Engine, Machines
from rtml.job.headway import said
from rtml.job.judging import judge_day
from rtml.job.known import Index, Known
from rtml.job.opening import FAULTS, Failed, damaged_files, failing, opened, reason_of
from rtml.job.places import Place
from rtml.job.plan import Asked, Day
from rtml.job.shard import FACTS, PARTS
from rtml.job.tasks import Task, tasks_of
from rtml.models import Model
from rtml.reading.json_text import json_of
from rtml.reading.whole import write_bytes

__all__ = ["Powers", "Work", "capture_of", "damage", "score_day"]


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
    with failing():
        capture = capture_of(day, asked, work.cache)
    workers, threaded = powers.machines.workers, powers.engine.threaded
    tasks = tasks_of(day, capture, asked, model, powers.memory, workers, work.cache, threaded)
    space = room(tasks, powers.memory, workers)
    with beside(day, capture, asked.told, space) as (near, findings):
        files = _shards(tasks, powers, work)
        judged = judge_day(day, near, model, asked, files, findings)
    commit_day(out, day, judged)
    for named in files:
        for path in named.values():
            path.unlink(missing_ok=True)


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
        raise Failed(reason_of(faults[0])) from faults[0]
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
        return {"aside": reason_of(error)}
