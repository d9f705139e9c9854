"""The job from begin to end: what is new is taken, days are scored, what people read is written."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rtml.captures.scope import Scope, read_scope
from rtml.errors import RtmlError, UsageError, lookup
from rtml.findings.suppression.files import read_suppressions
from rtml.job.alone import alone
from rtml.job.days import Marker, markers, read_table
from rtml.job.engines import ENGINES, Machines
from rtml.job.known import Index, write_index
from rtml.job.loading import model_at
from rtml.job.opening import Failed
from rtml.job.places import Place, place_at
from rtml.job.plan import Asked, Day, days_of
from rtml.job.publishing import publish, wanted
from rtml.job.ruling import told_by
from rtml.job.scoring import Powers, Work, damage, score_day
from rtml.job.taking import DONE, WORK, begun, taken
from rtml.models import Model
from rtml.models.files import digest_of
from rtml.models.judging import alarms_of
from rtml.models.watching import drifting
from rtml.reading.json_text import json_of
from rtml.rules.chosen import Chosen
from rtml.version import VERSION

__all__ = ["MEMORY", "Job", "Ran", "job_of", "run", "run_job"]

MEMORY = 2_000_000_000
"""Bytes that a job may take, unless something else is said."""


@dataclass(frozen=True)
class Job:
    """What is to be done: `run_job` says what the parameters mean."""

    inputs: Sequence[str]
    out: Place
    asked: Asked
    powers: Powers


@dataclass
class Ran:
    """What a run did: the ``result`` that stands in ``score.json``, and what it cost to get there."""

    result: dict[str, Any] = field(default_factory=dict)
    new: int = 0
    days: list[str] = field(default_factory=list)
    events: int = 0
    shards: list[float] = field(default_factory=list)

    def gauges(self) -> dict[str, float | None]:
        """Return what `rtml.job.metrics.METRICS` calls what this run did."""
        return {"new_captures": self.new, "scored_days": len(self.days), "scored_events": self.events}

    def facts(self) -> dict[str, Any]:
        """Return what a log says of it in a line."""
        counts = {name: self.result.get(name) for name in ("windows", "alarms", "findings", "archived")}
        return {**self.gauges(), **counts, "aside": len(self.result.get("aside", []))}

    @property
    def complete(self) -> bool:
        """Whether nothing is set aside."""
        return not self.result.get("aside")


def job_of(
    inputs: Sequence[str],
    model: Path,
    out: str | Path,
    budget: float | None = None,
    suppress: Path | None = None,
    uri: str | None = None,
    scope: Path | None = None,
    engine: str = "local",
    workers: int | None = None,
    memory: int = MEMORY,
    address: str | None = None,
    adopt: bool = False,
    rules: Chosen | None = None,
) -> Job:
    """Check what was asked for; see `run_job`."""
    if budget is not None and not budget > 0:
        raise UsageError(f"budget {budget:g}: must be above 0", argument="budget")
    if workers is not None and workers < 1:
        raise UsageError(f"workers {workers}: must be at least 1", argument="workers")
    quiet = () if suppress is None else tuple(read_suppressions(suppress))
    digest = digest_of(model)
    model_at(str(model), digest)  # whatever is wrong with it is said before anything is written
    looked = Scope() if scope is None else read_scope(scope)
    told = None if rules is None else told_by(rules)
    asked = Asked(model, digest, uri or str(model), budget, looked, quiet, adopt, told)
    machines = Machines(workers or os.cpu_count() or 1, address)
    powers = Powers(lookup(ENGINES, engine, "engine"), machines, memory)
    return Job(list(inputs), place_at(str(out)), asked, powers)


def run_job(inputs: Sequence[str], model: Path, out: str | Path, **more: Any) -> dict[str, Any]:
    """Score what is new of captures with a model; the output is brought up to date.

    Parameters
    ----------
    inputs
        Captures, folders of captures, patterns; here or in a store (`rtml.job.inputs`).
    model
        Its folder.
    out
        A folder here or in a store; that of an earlier run of the same job goes on.
    **more
        ``budget`` (false findings per container-day), ``suppress`` and ``scope`` (files), ``uri`` (what the
        result calls the model), ``engine``, ``workers``, ``memory`` (bytes), ``address`` (of a cluster),
        ``adopt`` (go on with another model, or other rules), ``rules`` (`rtml.rules.chosen.Chosen`, whose
        findings stand beside the model's; of packs those that fit a day).

    Returns
    -------
    What ``score.json`` holds: captures, model, counts, what each budget promises, who drifts, and what was
    set ``aside`` with its reason. docs/scoring.md says what lies beside it.

    Raises
    ------
    RtmlError
        ``out`` is the result of something else, another job is writing into it (`rtml.job.alone.Busy`), or
        nothing at all could be scored.
    """
    return run(job_of(inputs, model, out, **more)).result


def run(job: Job) -> Ran:
    """Run a job."""
    with alone(job.out), _work(job.out) as work:
        ran, index = Ran(), begun(job.out, job.asked)
        index, ran.new = taken(index, job.inputs, job.asked, work.cache)
        write_index(job.out, index)
        with job.powers.engine.keeping(job.powers.machines):
            index, failed = _score(job, index, work, ran)
        write_index(job.out, index)
        ran.result = _published(job, index, failed)
        ran.shards = work.seconds
    return ran


def _score(job: Job, index: Index, work: Work, ran: Ran) -> tuple[Index, dict[str, str]]:
    """Score the days whose captures changed; return the manifest as it is then, and what failed."""
    failed: dict[str, str] = {}
    while day := _next(job, index, failed):
        try:
            score_day(job.out, day, _model(job), job.asked, job.powers, work)
        except Failed as error:
            changed = damage(index, day, _digests(job.out, day.name), work.cache)
            if changed is None:
                failed[day.name] = str(error)
            index = changed or index
        except RtmlError as error:
            failed[day.name] = str(error)
        else:
            ran.days.append(day.name)
            ran.events += sum(known.events for _, known in day.members)
    return index, failed


def _digests(out: Place, day: str) -> list[str]:
    """Return the captures that a committed day was made of."""
    marker = markers(out).get(day)
    return [] if marker is None else marker.order


def _next(job: Job, index: Index, failed: dict[str, str]) -> Day | None:
    done, held = markers(job.out), index.held()
    for day in days_of(index):
        known = (
            [held[digest] for digest in done[day.name].order if digest in held] if day.name in done else []
        )
        if known:
            failed[day.name] = (
                f"findings of this day stay as they are, for a capture of it cannot be read: {known[0]}"
            )
        fresh = day.name not in done or done[day.name].key != day.key
        if fresh and day.name not in failed:
            return day
    return None


def _published(job: Job, index: Index, failed: dict[str, str]) -> dict[str, Any]:
    """Write what people read, where it changed; return what ``score.json`` holds."""
    done, before = markers(job.out), _before(job.out)
    aside = [*index.faults(), *({"day": day, "reason": why} for day, why in sorted(failed.items()))]
    if not done and aside:
        raise RtmlError(next(iter(aside))["reason"])
    rules, now = job.asked.rules, dt.datetime.now(dt.UTC)
    active = [rule.expires > now for rule in rules]
    new = {name: wanted(marker, index, rules, active) for name, marker in sorted(done.items())}
    plan = _plan(job, index) | {"days": new, "aside": aside}
    if before and all(before.get(name) == value for name, value in plan.items()):
        return before
    model = _model(job)
    budget = model.description.budget if job.asked.budget is None else job.asked.budget
    labels = list(dict.fromkeys([*model.detectors, *model.calibrations]))
    old = before.get("days", {})
    counts = publish(job.out, dict(sorted(done.items())), index, labels, rules, old, new) if done else {}
    alarms = alarms_of(model.calibrations, budget)
    drift = read_table(job.out, "drift.parquet")
    result = {
        **{name: value for name, value in plan.items() if name not in ("days", "aside")},
        **_counts(done),
        "findings": 0, "ruled": 0, "archived": 0, "suppressions": [], **counts,
        "budget": {name: alarm.sentence() for name, alarm in alarms.items()},
        "drift": [] if drift is None else drifting(drift),
        "remarks": sorted({sentence for marker in done.values() for sentence in marker.remarks}),
        "days": new, "aside": aside,
    }  # fmt: skip
    job.out.write(DONE, json.dumps(result, indent=1, allow_nan=False).encode())
    return result


def _model(job: Job) -> Model:
    return model_at(str(job.asked.model), job.asked.digest)


def _plan(job: Job, index: Index) -> dict[str, Any]:
    taken_ = index.ordered()
    digests = [known.digest for _, known in taken_]
    together = digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()
    return {
        "rtml": VERSION,
        "captures": [url for url, _ in taken_],
        "data": together,
        "model": _model(job).description.notes,
        "digest": job.asked.digest,
        "uri": job.asked.uri,
        "asked_budget": job.asked.budget,
        "suppress": [rule.model_dump(mode="json") for rule in job.asked.rules],
        **({} if job.asked.told is None else {"rules": job.asked.told.facts()}),
        "events": sum(known.events for _, known in taken_),
        "rejected": sum(known.rejected for _, known in taken_),
        "lost": sum(known.lost for _, known in taken_),
        "newest": max((known.end for _, known in taken_ if known.end), default=None),
    }


def _counts(done: dict[str, Marker]) -> dict[str, int]:
    names = ("windows", "skipped", "alarms")
    return {name: sum(getattr(marker, name) for marker in done.values()) for name in names}


def _before(out: Place) -> dict[str, Any]:
    try:
        told = json_of(out.read(DONE) or b"{}")
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


@contextmanager
def _work(out: Place) -> Iterator[Work]:
    """Give folders for shards and captures; those in an output outlive a killed job, and are taken over."""
    if out.local is None:
        with tempfile.TemporaryDirectory(prefix="rtml-job-") as scratch:
            yield Work(Path(scratch) / "shards", Path(scratch) / "captures")
        return
    for left in out.local.rglob(".*.partial-*"):
        left.unlink(missing_ok=True)
    folder = out.local / WORK
    yield Work(folder / "shards", folder / "captures")
    shutil.rmtree(folder, ignore_errors=True)
