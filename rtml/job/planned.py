"""What a run would do, and about how long it would take; nothing is written."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rtml.job.days import markers
from rtml.job.loading import model_at
from rtml.job.plan import days_of
from rtml.job.running import Job
from rtml.job.scoring import capture_of
from rtml.job.taking import begun, taken
from rtml.job.tasks import tasks_of

__all__ = ["RATE", "Planned", "plan"]

RATE = 100_000.0
"""Events that a processor scores in a second, about (docs/scoring.md)."""


@dataclass(frozen=True)
class Planned:
    """Captures that are ``new``, events of each of the ``days`` to score, ``seconds`` that it would take."""

    new: int
    days: dict[str, int]
    events: int
    shards: int
    seconds: float
    aside: list[dict[str, str]]

    def facts(self) -> dict[str, Any]:
        """Return it as plain words."""
        return asdict(self)


def plan(job: Job) -> Planned:
    """Look at what is new and cut it into shards, and stop there."""
    with tempfile.TemporaryDirectory(prefix="rtml-job-") as scratch:
        cache = Path(scratch)
        index, new = taken(begun(job.out, job.asked), job.inputs, job.asked, cache)
        done, events, shards = markers(job.out), dict[str, int](), 0
        model = model_at(str(job.asked.model), job.asked.digest)
        for day in days_of(index):
            if day.name in done and done[day.name].key == day.key:
                continue
            capture = capture_of(day, job.asked, cache)
            powers, workers = job.powers, job.powers.machines.workers
            threaded = powers.engine.threaded
            tasks = tasks_of(day, capture, job.asked, model, powers.memory, workers, cache, threaded)
            events[day.name] = sum(task.events for task in tasks)
            shards += len(tasks)
    total = sum(events.values())
    seconds = total / (RATE * job.powers.machines.workers)
    return Planned(new, events, total, shards, seconds, index.faults())
