"""A scoring job as a run of MLflow: what was scored, by which model, what came out, what it cost."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rtml.costs import measuring, spent
from rtml.job.planned import Planned, plan
from rtml.job.running import Ran, job_of, run
from rtml.rules.chosen import Chosen
from rtml.tracking import tags
from rtml.tracking.inputs import capture_input
from rtml.tracking.runs import Run, tracked_run
from rtml.tracking.store import configured

__all__ = ["planned_job", "run_tracked_job"]

_FILES = ("score.json", "scores.parquet", "findings.parquet")
_STEP = "score"


def planned_job(inputs: Sequence[str], model: Path, out: str, uri: str, more: Mapping[str, Any]) -> Planned:
    """Say what a job would do; parameters are those of `run_tracked_job`."""
    return plan(job_of(inputs, model, out, uri=uri, **more))


def run_tracked_job(
    inputs: Sequence[str], model: Path, out: str, uri: str, more: Mapping[str, Any], track: bool | None = None
) -> Ran:
    """Run a scoring job and log it.

    Parameters
    ----------
    inputs, model, out, more
        As of `rtml.job.run_job`.
    uri
        What the result calls the model.
    track
        Whether to log the job to MLflow; None: where a store is configured.

    Raises
    ------
    RtmlError
        As `run_job` does, which the run then says in its tag ``rtml.status_reason``; or MLflow does not
        answer.
    """
    ran = _tracked if (configured() if track is None else track) else _untracked
    return ran(inputs, model, out, uri, more)


def _untracked(inputs: Sequence[str], model: Path, out: str, uri: str, more: Mapping[str, Any]) -> Ran:
    return run(job_of(inputs, model, out, uri=uri, **more))


def _tracked(inputs: Sequence[str], model: Path, out: str, uri: str, more: Mapping[str, Any]) -> Ran:
    with tracked_run(f"score {out.rstrip('/').rpartition('/')[2]}", "score") as tracked:
        asked = "of the model" if more.get("budget") is None else more["budget"]
        place = {"model": uri, "captures": " ".join(inputs)[:500], "budget": asked, "out": out}
        tracked.params({**place, "engine": more.get("engine", "local"), "rules": _ruling(more.get("rules"))})
        with measuring() as costs, spent(_STEP):
            ran = _untracked(inputs, model, out, uri, more)
        cost, done = costs[(_STEP,)], ran.result
        names = "windows skipped alarms findings ruled archived events rejected lost".split()
        counts = {name: done[name] for name in names}
        measured = {
            "cpu_seconds": cost.cpu_seconds,
            "peak_memory_mb": cost.peak_bytes / 1e6 or None,
            "scored_events": ran.events,
            "events_per_second": ran.events / cost.seconds if ran.events else None,
            "aside": len(done["aside"]),
            "new_captures": ran.new,
        }
        tracked.inputs([capture_input(" ".join(inputs), done["data"], "scoring")])
        tracked.metrics({**counts, **measured})
        tracked.tags({f"{tags.DATA}.0": done["data"], tags.MODEL_DIGEST: done["digest"], **_alias(uri)})
        _link(tracked, model, uri)
        for name in _FILES:
            if "://" not in out and (Path(out) / name).is_file():
                tracked.file(Path(out) / name)
    return ran


def _ruling(rules: Chosen | None) -> str:
    """Return which rules ran, in words.

    Examples
    --------
    >>> _ruling(Chosen(sigma=(Path("sigma/linux"),))), _ruling(None)
    ('container sigma/linux', 'none')
    """
    parts = [] if rules is None else [*rules.packs, *map(str, (*rules.sigma, *rules.falco))]
    return " ".join(parts)[:500] or "none"


def _alias(uri: str) -> dict[str, str]:
    """Return the tag that says by which alias the model was asked for.

    Examples
    --------
    >>> _alias("models:/shop@champion"), _alias("runs:/1/model")
    ({'rtml.model_alias': 'champion'}, {})
    """
    match = re.fullmatch(r"models:/[^@]+@([^@/]+)", uri)
    return {tags.ALIAS: match[1]} if match else {}


def _link(run: Run, model: Path, uri: str) -> None:
    """Say which logged model scored, where it is one of this store."""
    description = model.parent.parent / "MLmodel"
    if not uri.startswith(("runs:", "models:")) or not description.is_file():
        return
    model_id = run.mlflow.models.Model.load(str(description)).model_id
    if model_id:
        run.tags({tags.MODEL: model_id})
        run.reads_model(model_id)
