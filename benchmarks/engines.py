"""``python -m benchmarks.engines``: the scoring job on Ray with two workers against two local processes.

One synthetic capture and one model; the engines take turns, each in a process of its own, and must write the
same bytes. ``whole`` is the run from begin to end, with the start of its workers; ``shards`` what the engine
takes for a second day in the same run, its workers up: a job of many days. The clock is measured, so it shows
what else the machine does: of each the least of all turns counts.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.scoring_job import made_synthetic
from rtml.captures import open_capture
from rtml.job.engines import Engine, Machines
from rtml.job.engines.contract import Outcome
from rtml.job.lessons import Lesson
from rtml.job.running import job_of, run
from rtml.job.tasks import Task
from rtml.models import train

__all__ = ["timed"]

_ENGINES = ("local", "ray")
_TRIES = 3


def timed(engine: Engine, spent: list[float]) -> Engine:
    """Return the engine, noting how long each of its runs takes."""

    def timing(tasks: Sequence[Task | Lesson], machines: Machines) -> Iterator[tuple[int, Outcome]]:
        begun = time.perf_counter()
        yield from engine.run(tasks, machines)
        spent.append(time.perf_counter() - begun)

    return replace(engine, run=timing)


def _turn(place: Path, engine: str, out: Path) -> None:
    """Run the job once, and print how long each day took and all of it."""
    spent = list[float]()
    job = job_of([str(place / "captures")], place / "model", out, engine=engine, workers=2, memory=8 * 10**9)
    job = replace(job, powers=replace(job.powers, engine=timed(job.powers.engine, spent)))
    begun = time.perf_counter()
    ran = run(job)
    whole = time.perf_counter() - begun
    sys.stdout.write(json.dumps({"whole": whole, "days": spent, "events": ran.events, "seconds": ran.shards}))


def _measured(place: Path, engine: str, number: int) -> tuple[dict[str, float], str]:
    out = place / f"{engine}-{number}"
    line = [sys.executable, "-m", "benchmarks.engines", "--turn", engine]
    line += ["--place", str(place), "--out", str(out)]
    for attempt in range(_TRIES):  # on a busy machine Ray may not come up in its thirty seconds
        done = subprocess.run(line, check=attempt == _TRIES - 1, stdout=subprocess.PIPE, text=True)
        if not done.returncode:
            break
    told = json.loads(done.stdout.splitlines()[-1])
    sys.stderr.write(f"{engine}: {told}\n")
    digest = hashlib.sha256()
    for path in sorted(out.rglob("*.parquet")):
        digest.update(path.relative_to(out).as_posix().encode() + path.read_bytes())
    return {"whole": told["whole"], "shards": told["days"][-1], "events": told["events"]}, digest.hexdigest()


def main(
    events: Annotated[float, typer.Option(help="of each of two days")] = 2e6,
    turns: Annotated[int, typer.Option(help="of each engine")] = 3,
    turn: Annotated[str, typer.Option(hidden=True)] = "",
    place: Annotated[Path, typer.Option(hidden=True)] = Path(),
    out: Annotated[Path, typer.Option(hidden=True)] = Path(),
) -> None:
    """Measure both engines."""
    if turn:
        _turn(place, turn, out)
        return
    os.environ |= {"RAY_AUTH_MODE": "disabled", "RAY_worker_niceness": "0"}  # the others are not nice either
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for day in (2, 4):  # a day apart, so that neither is context of the other
            made_synthetic(folder / "captures" / str(day), int(events), day, day)
        learnt = open_capture(made_synthetic(folder / "learnt", 100_000, 0, 1))
        train(learnt, ["surprise", "half_space_trees", "isolation_forest"]).save(folder / "model")
        told: dict[str, list[tuple[dict[str, float], str]]] = {name: [] for name in _ENGINES}
        for number in range(turns):
            for name, rows in told.items():
                rows.append(_measured(folder, name, number))
    if len({digest for rows in told.values() for _, digest in rows}) != 1:
        raise SystemExit("the engines differ")
    for what in ("whole", "shards"):
        local, ray = (min(row[what] for row, _ in told[name]) for name in _ENGINES)
        Console().print(
            f"{what}: local {local:.1f} s, ray {ray:.1f} s: ray is {local / ray:.2f} times as fast"
            f" (2 workers each, {2 * events / 1e6:g} M events, least of {turns})",
            highlight=False,
        )


if __name__ == "__main__":
    typer.run(main)
