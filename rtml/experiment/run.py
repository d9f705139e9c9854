"""Run an experiment, step by step, into one new folder."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from rtml import features
from rtml.baselines import Baseline
from rtml.captures import Capture, open_captures
from rtml.errors import RtmlError, UsageError
from rtml.evaluation import (
    Ledger,
    Proof,
    Side,
    Split,
    Track,
    build_ledger,
    by_fractions,
    by_times,
    in_capture,
    make_track,
    prove,
    read_labels,
)
from rtml.evaluation.evidence import evidence_processes
from rtml.experiment.config import Experiment
from rtml.experiment.contenders import RuleSide, first_seen_side, model_sides, rule_side
from rtml.experiment.early import without_early_attacks
from rtml.experiment.report_input import page
from rtml.experiment.tracking import Run, tracked_run
from rtml.features.source import interval
from rtml.models import Scored, Trained, score, train
from rtml.models.bundle import load_model, save_model
from rtml.report import write_ledger, write_report

__all__ = ["Outcome", "run_experiment"]


@dataclass(frozen=True)
class Outcome:
    """Everything an experiment made, for printing and for notebooks."""

    experiment: Experiment
    capture: Capture
    split: Split
    proof: Proof
    trained: Trained
    scored: Scored
    rules: RuleSide
    sides: Sequence[Side]
    track: Track
    ledger: Ledger
    out: Path
    report: Path
    run_id: str | None
    model_uri: str


def run_experiment(experiment: Experiment, out: Path, tracked: bool = True) -> Outcome:
    """Train, score, run rules, judge, report.

    Parameters
    ----------
    experiment
        Must name a capture and labels.
    out
        New folder for model, scores, findings, ledger and report.
    tracked
        Also log the run to MLflow.

    Raises
    ------
    RtmlError
        Data is missing or cannot carry the split; ``out`` exists.
    """
    if out.exists():
        raise RtmlError(f"{out}: exists already; an experiment never writes over another")
    if not experiment.capture or experiment.labels is None:
        raise UsageError("an experiment needs `capture` and `labels`")
    run = tracked_run("rtml", experiment.name) if tracked else nullcontext(None)
    with run as tracking:
        outcome = _run(experiment, experiment.labels, out, tracking)
        if tracking is not None:
            _log(outcome, tracking)
    return outcome


def _run(experiment: Experiment, label_file: Path, out: Path, run: Run | None) -> Outcome:
    every = dt.timedelta(seconds=interval(experiment.window) / 1e9)
    capture = open_captures(experiment.capture)
    known = capture.containers()["container_id"].to_list()
    labels, warnings = in_capture(read_labels(label_file), known)
    split = _split(capture, experiment, every)
    early = without_early_attacks(capture, labels, split, experiment)
    trained, scored = _models(capture, early.capture, experiment, split, out / "model")
    windows = pl.concat([trained.windows, scored.windows.with_columns(part=pl.lit("test"))])
    proof = prove(windows, every)
    rules = rule_side(
        capture, experiment.rules, windows, split, experiment.window, experiment.budget, early.quiet
    )
    rival = first_seen_side(capture, windows, split, experiment.window, early.quiet)
    sides = [*rules.sides, *model_sides(scored, split.test), rival]
    track = make_track(
        scored.windows,
        labels,
        capture.processes().collect(),
        evidence_processes((side.findings for side in sides), capture.events()),
        split,
        every,
        seed=experiment.seed,
    )
    ledger = build_ledger(
        sides,
        track,
        proof,
        scored.windows,
        experiment.budget,
        tried=experiment.tried,
        notes=[*warnings, *early.notes, *experiment.notes],
    )
    write_ledger(ledger, out)
    _keep(out, windows, scored, sides)
    source = page(experiment.name, capture, ledger, track, sides, rules.skipped, run.run_id if run else None)
    report = write_report(source, out / "report.html")
    return Outcome(
        experiment,
        capture,
        split,
        proof,
        trained,
        scored,
        rules,
        sides,
        track,
        ledger,
        out,
        report,
        run.run_id if run else None,
        run.model_uri if run else str(out / "model"),
    )


def _split(capture: Capture, experiment: Experiment, every: dt.timedelta) -> Split:
    """Resolve the split's times; shares are shares of the time that the windows span."""
    windows = features.windows(capture, None, ["activity"], experiment.window)
    calibrate, test = experiment.split.calibrate, experiment.split.test
    if isinstance(calibrate, dt.datetime) and isinstance(test, dt.datetime):
        return by_times(windows, every, calibrate, test)
    if isinstance(calibrate, float) and isinstance(test, float):
        return by_fractions(windows, every, calibrate, test - calibrate)
    raise UsageError("split: give both `calibrate` and `test` as times, or both as shares")


def _models(
    capture: Capture, early: Capture, experiment: Experiment, split: Split, folder: Path
) -> tuple[Trained, Scored]:
    """Train, save, load and score: what is judged is what a user would load."""
    trained = train(early, experiment, split.calibrate, split.test)
    save_model(trained.model, folder, trained.baseline.save)
    baseline = Baseline.load(folder / "baseline")
    return trained, score(capture, load_model(folder), baseline, start=split.test)


def _keep(out: Path, windows: pl.DataFrame, scored: Scored, sides: Sequence[Side]) -> None:
    windows.write_parquet(out / "windows.parquet", compression="zstd")
    scored.scores.write_parquet(out / "scores.parquet", compression="zstd")
    findings = pl.concat([side.findings for side in sides if side.name != "rules, default"])
    findings.write_parquet(out / "findings.parquet", compression="zstd")


def _log(outcome: Outcome, run: Run) -> None:
    run.params(outcome.experiment.model_dump(mode="json", exclude={"name"}))
    data = outcome.trained.model.description.data
    run.tags(
        {
            "rtml.experiment": outcome.experiment.digest(),
            "rtml.split_proof": outcome.proof.statement,
            **{f"rtml.data.{number}": digest for number, digest in enumerate(data.values())},
        }
    )
    columns = ["found", "false", "recall", "rate", "auroc", "average_precision", "tpr", "delay"]
    for row in outcome.ledger.summary.iter_rows(named=True):
        run.metrics({f"{row['side']}.{c}": row[c] for c in columns if c in row})
    run.files(outcome.out / "model", "model")
    for name in ("ledger.json", "ledger.parquet", "report.html", "findings.parquet"):
        run.file(outcome.out / name)
