"""The batch scoring job: plan, run, commit one folder, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from rtml.captures import Capture, open_captures
from rtml.captures.digest import digest_capture
from rtml.captures.in_scope import InScope
from rtml.captures.notes import nameless
from rtml.captures.scope import read_scope
from rtml.errors import RtmlError, UsageError
from rtml.findings.context import with_context
from rtml.findings.suppression.archiving import suppress as archive
from rtml.findings.suppression.files import read_suppressions
from rtml.models.alarm import with_budgets
from rtml.models.files import digest_of
from rtml.models.model import load_model
from rtml.models.scoring import Scored
from rtml.models.watching import drifting
from rtml.reading.whole import whole_folder
from rtml.version import VERSION

__all__ = ["run_job"]

_DONE = "score.json"


def run_job(
    captures: Sequence[str],
    model: Path,
    out: Path,
    budget: float | None = None,
    resume: bool = False,
    suppress: Path | None = None,
    uri: str | None = None,
    scope: Path | None = None,
    hold: str | None = None,
) -> dict[str, Any]:
    """Score captures with a model and write ``out``.

    ``model`` is its folder, ``uri`` what the result calls it. Findings that match a rule of the file
    ``suppress`` go to ``suppressed.parquet`` there. What is out of ``scope`` (a file,
    `rtml.captures.scope`) is not looked at. ``hold`` is that of `Model.score`.

    Returns
    -------
    What ``out/score.json`` holds: captures, model, counts, what each budget promises, and who drifts. Beside
    it are ``scores.parquet`` (per container and window), ``trees.parquet`` (per process tree and window),
    ``windows.parquet``, ``findings.parquet`` and ``drift.parquet`` (peer groups no more like calibration).

    Raises
    ------
    RtmlError
        ``out`` exists, and is not the same job's result or ``resume`` was not asked for.
    """
    if budget is not None and not budget > 0:
        raise UsageError(f"budget {budget:g}: must be above 0", argument="budget")
    rules = read_suppressions(suppress) if suppress is not None else []
    capture = open_captures(captures)
    if scope is not None:
        capture = InScope.of(capture, read_scope(scope))
    loaded = load_model(model)
    plan = {
        "rtml": VERSION,
        "captures": list(captures),
        "data": digest_capture(capture),
        "model": loaded.description.notes,
        "digest": digest_of(model),
        "uri": uri or str(model),
        "asked_budget": budget,
        "hold": hold,
        "suppress": [rule.model_dump(mode="json") for rule in rules],
    }
    if out.exists():
        return _resumed(out, plan, resume)
    scored = loaded.score(capture, budget, hold=hold)
    done = archive(_told(scored, capture), rules)
    scored = replace(scored, findings=done.kept)
    result = {
        **plan,
        **_counts(scored),
        "nameless": nameless(capture.manifest),
        "archived": done.archived.height,
        "suppressions": done.account.select("name", "active", "matched", "archived").to_dicts(),
    }
    _commit(out, result, scored, done.archived if rules else None)
    return result


def _resumed(out: Path, plan: dict[str, Any], resume: bool) -> dict[str, Any]:
    """Return the result that is there, if it is the one that was asked for."""
    if not resume:
        raise RtmlError(f"{out}: exists already; `resume` keeps a finished result", argument="resume")
    try:
        done: dict[str, Any] = json.loads((out / _DONE).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RtmlError(f"{out}: is not the result of a scoring job") from error
    names = ("data", "digest", "asked_budget")
    differs = [name for name in names if done.get(name) != plan[name]]
    if done.get("hold") != plan["hold"]:
        differs.append("hold")
    if done.get("suppress", []) != plan["suppress"]:
        differs.append("suppress")
    if differs:
        raise RtmlError(f"{out}: is the result of another job ({', '.join(differs)} differ)")
    return done


def _told(scored: Scored, capture: Capture) -> pl.DataFrame:
    """Let findings stand alone: with the budget they were set to, and the content of their events."""
    findings = with_budgets(scored.findings, scored.alarms)
    return with_context(findings, capture.events(), capture.processes(), capture.audit())


def _counts(scored: Scored) -> dict[str, Any]:
    return {
        "windows": scored.windows.height,
        "skipped": scored.skipped,
        "alarms": int(scored.scores["alarm"].sum()),
        "findings": scored.findings.height,
        "budget": {name: alarm.sentence() for name, alarm in scored.alarms.items()},
        "drift": drifting(scored.drift),
    }


def _commit(out: Path, result: dict[str, Any], scored: Scored, archived: pl.DataFrame | None) -> None:
    with whole_folder(out) as half:
        for name in ("windows", "scores", "findings", "drift"):
            getattr(scored, name).write_parquet(half / f"{name}.parquet", compression="zstd")
        scored.tree_scores.write_parquet(half / "trees.parquet", compression="zstd")
        if archived is not None:
            archived.write_parquet(half / "suppressed.parquet", compression="zstd")
        (half / _DONE).write_text(json.dumps(result, indent=1, allow_nan=False), "utf-8")
