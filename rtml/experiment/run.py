"""Run an experiment, step by step, into one new folder."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import polars as pl

from rtml.captures import Capture, open_captures
from rtml.errors import NotSaved, UsageError
from rtml.evaluation import Ledger, Proof, Side, Track, build_ledger, make_track, prove
from rtml.evaluation.activity import activity
from rtml.evaluation.attack_events import with_attack_events
from rtml.evaluation.evidence import evidence_processes
from rtml.experiment.config import Experiment
from rtml.experiment.contenders import RuleSide, first_seen_side, model_sides, rule_side
from rtml.experiment.early import Early, without_early_attacks
from rtml.experiment.guard import closed
from rtml.experiment.labelled import labels_of, refuse_damage
from rtml.experiment.looks import Looks, look
from rtml.experiment.report_input import page
from rtml.experiment.result import SIDES, Terms, write_result
from rtml.experiment.tracking import Run, tracked_run
from rtml.models import Model, Scored, load_model, train
from rtml.models.twice import refuse_differences
from rtml.models.windows import container_windows
from rtml.progress import report, stage
from rtml.reading.whole import require_new, whole_folder
from rtml.report import MEASURED, write_ledger, write_report
from rtml.splits import Split

__all__ = ["Outcome", "learn", "run_experiment", "saved_and_loaded"]


_done = partial(report, "experiment", total=4, unit="steps")  # train, score, run the rules, judge


@dataclass(frozen=True, repr=False)
class Outcome:
    """Everything an experiment made, for printing and for notebooks."""

    experiment: Experiment
    capture: Capture
    split: Split
    proof: Proof
    model: Model
    scored: Scored
    rules: RuleSide
    sides: Sequence[Side]
    track: Track
    ledger: Ledger
    out: Path
    report: Path
    run_id: str | None
    model_uri: str
    looks: Looks

    def __repr__(self) -> str:
        """Say in a line what was run, and where the results are."""
        return f"Outcome({self.experiment.name!r} in {str(self.out)!r}: {self.ledger!r})"

    def _repr_html_(self) -> str:
        return self.ledger._repr_html_()

    def moved(self, out: Path) -> Outcome:
        """Return the same, its folder moved to ``out``."""
        kept_here = self.model_uri == str(self.out / "model")
        uri = str(out / "model") if kept_here else self.model_uri
        return replace(self, out=out, report=out / self.report.name, model_uri=uri)


def run_experiment(experiment: Experiment, out: Path, tracked: bool = True) -> Outcome:
    """Train, score, run rules, judge, report.

    Parameters
    ----------
    experiment
        Must name a capture and labels.
    out
        New folder for model, scores, findings, ledger and report; it appears whole, at the end.
    tracked
        Also log the run to MLflow.

    Raises
    ------
    RtmlError
        Data is missing or cannot carry the split; ``out`` exists.
    """
    require_new(out)
    if not experiment.capture or experiment.labels is None:
        raise UsageError("an experiment needs `capture` and `labels`")
    run = tracked_run("rtml", experiment.name) if tracked else nullcontext(None)
    with run as tracking:
        with whole_folder(out) as half:
            unmoved = _run(experiment, experiment.labels, half, tracking)
        outcome = unmoved.moved(out)
        if tracking is not None:
            with stage("logging to MLflow"):
                _log(outcome, tracking)
    return outcome


def _run(experiment: Experiment, label_file: Path, out: Path, run: Run | None) -> Outcome:
    every = experiment.every
    capture = open_captures(experiment.capture)
    damage = refuse_damage(capture)
    labels, warnings = labels_of(capture, label_file)
    split = experiment.split.of(capture, every)
    early = without_early_attacks(capture, labels, split, experiment)
    _done(0)
    with closed(label_file) as unwatched:
        model, saved = saved_and_loaded(learn(experiment, early.capture, split), out / "model")
        _done(1)
        scored = model.score(capture, start=split.edges[2])
        refuse_differences(model, scored)
        windows = _windows(model, scored)
        proof = prove(windows, every)
        _done(2)
        rules, rival = _rule_sides(experiment, capture, windows, split, early)
    looks = look(label_file, experiment.digest())
    sides = [*rules.sides, *model_sides(scored, scored.fitted_until), rival]
    _done(3)
    track = _track(experiment, capture, labels, scored, sides, split)
    notes = [*damage, *unwatched, *warnings, *early.notes, *experiment.notes, *saved, *_outliers(model)]
    ledger = build_ledger(
        sides, track, proof, scored.trees, experiment.budget, tried=experiment.tried, notes=notes
    )
    write_ledger(ledger, out)
    terms = Terms(window=every.text, since=split.edges[2], seed=experiment.seed, budget=experiment.budget)
    write_result(out, sides, terms, windows, scored)
    run_id = run.run_id if run else None
    source = page(experiment.name, capture, ledger, track, sides, rules.skipped, run_id)
    report = write_report(source, out / "report.html")
    uri = run.model_uri if run and not saved else str(out / "model")
    parts = (model, scored, rules, sides, track, ledger)
    _done(4)
    return Outcome(experiment, capture, split, proof, *parts, out, report, run_id, uri, looks)


def _rule_sides(
    experiment: Experiment, capture: Capture, windows: pl.DataFrame, split: Split, early: Early
) -> tuple[RuleSide, Side]:
    """Return what rules and the simple rival find, tuned without the windows of early attacks."""
    every, budget = experiment.every, experiment.budget
    rules = rule_side(capture, experiment.rules, windows, split, every, budget, early.without_attacks)
    return rules, first_seen_side(capture, windows, split, every, early.without_attacks)


def _track(
    experiment: Experiment,
    capture: Capture,
    labels: pl.DataFrame,
    scored: Scored,
    sides: Sequence[Side],
    split: Split,
) -> Track:
    processes = capture.processes().collect()
    track = make_track(
        scored.windows,
        labels,
        processes,
        evidence_processes((side.findings for side in sides), capture.events()),
        split,
        experiment.every,
        seed=experiment.seed,
        active=activity(capture.events(), processes, experiment.every),
        containers=capture.containers(),
    )
    return with_attack_events(track, capture.events())


def learn(experiment: Experiment, capture: Capture, split: Split) -> Model:
    """Train the model that an experiment describes."""
    return train(
        capture,
        experiment.detectors,
        split,
        families=experiment.families,
        every=experiment.every,
        blocks=experiment.blocks,
        seed=experiment.seed,
        budget=experiment.budget,
        combine=experiment.combine,
        notes={"experiment": experiment.digest()},
    )


def saved_and_loaded(model: Model, folder: Path) -> tuple[Model, list[str]]:
    """Save and load a model: what is judged is what a user would load.

    A model that cannot be saved without pickle is judged as it is, and the ledger says so.
    """
    try:
        model.save(folder)
    except NotSaved as error:
        return model, [f"the model was not saved: {error}"]
    return replace(load_model(folder), trees=model.trees, outliers=model.outliers), []


def _windows(model: Model, scored: Scored) -> pl.DataFrame:
    assert model.trees is not None
    return pl.concat([container_windows(model.trees), scored.windows.with_columns(part=pl.lit("test"))])


def _outliers(model: Model) -> list[str]:
    if model.outliers is None or model.outliers.is_empty():
        return []
    parts = model.outliers["part"].value_counts().sort("part").iter_rows()
    named = " and ".join(f"{number} of the {part} time" for part, number in parts)
    return [f"process trees that stand far outside were judged as outliers and not learnt: {named}"]


def _log(outcome: Outcome, run: Run) -> None:
    run.params(outcome.experiment.model_dump(mode="json", exclude={"name"}))
    data = outcome.model.description.data
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
    if (outcome.out / "model").is_dir():
        run.files(outcome.out / "model", "model")
    for name in (
        "ledger.json",
        "ledger.parquet",
        "report.html",
        "findings.parquet",
        "scores.parquet",
        SIDES,
        MEASURED,
    ):
        run.file(outcome.out / name)
