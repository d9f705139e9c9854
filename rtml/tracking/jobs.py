"""A scoring job as a run of MLflow: what was scored, by which model, what came out, what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from rtml.captures import open_captures
from rtml.costs import measuring, spent
from rtml.models.job import run_job
from rtml.tracking import tags
from rtml.tracking.inputs import capture_input
from rtml.tracking.runs import Run, tracked_run

__all__ = ["run_tracked_job"]

_FILES = ("score.json", "scores.parquet", "findings.parquet")
_STEP = "score"


def run_tracked_job(
    captures: Sequence[str],
    model: Path,
    out: Path,
    budget: float | None = None,
    suppress: Path | None = None,
    uri: str | None = None,
    scope: Path | None = None,
    hold: str | None = None,
) -> dict[str, Any]:
    """Score captures as `rtml.models.job.run_job` does, and log the job; parameters and result are its.

    Raises
    ------
    RtmlError
        As `run_job` does, which the run then says in its tag ``rtml.status_reason``; or MLflow does not
        answer.
    """
    with tracked_run(f"score {out.name}", "score") as run:
        asked = "of the model" if budget is None else budget
        run.params({"model": uri or model, "captures": " ".join(captures), "budget": asked, "out": out})
        with measuring() as costs, spent(_STEP):
            done = run_job(captures, model, out, budget, suppress=suppress, uri=uri, scope=scope, hold=hold)
        cost = costs[(_STEP,)]
        events = open_captures(captures).events().select(pl.len()).collect().item()
        counts = {name: done[name] for name in ("windows", "skipped", "alarms", "findings", "archived")}
        measured = {"cpu_seconds": cost.cpu_seconds, "peak_memory_mb": cost.peak_bytes / 1e6 or None}
        run.inputs([capture_input(" ".join(captures), done["data"], "scoring")])
        run.metrics({**counts, **measured, "events": events, "events_per_second": events / cost.seconds})
        run.tags({f"{tags.DATA}.0": done["data"], tags.MODEL_DIGEST: done["digest"]})
        _link(run, model, uri)
        for name in _FILES:
            run.file(out / name)
    return done


def _link(run: Run, model: Path, uri: str | None) -> None:
    """Say which logged model scored, where it is one of this store."""
    description = model.parent.parent / "MLmodel"
    if uri is None or not uri.startswith(("runs:", "models:")) or not description.is_file():
        return
    model_id = run.mlflow.models.Model.load(str(description)).model_id
    if model_id:
        run.tags({tags.MODEL: model_id})
        run.reads_model(model_id)
