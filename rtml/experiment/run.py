"""Run an experiment, step by step, into one new folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl

from rtml import features
from rtml.captures import Capture
from rtml.captures.digest import named
from rtml.costs import Costs, measuring, spent
from rtml.errors import NotSaved, UsageError
from rtml.evaluation import Side, Track, build_ledger, prove
from rtml.experiment.config import Experiment
from rtml.experiment.contenders import RuleSide, first_seen_side, model_sides, rule_side
from rtml.experiment.costs import FIRST_SEEN, RULES, SCORE, TRAIN, SideCost, side_costs
from rtml.experiment.early import Early
from rtml.experiment.guard import closed
from rtml.experiment.inputs import digests
from rtml.experiment.labelled import labels_of, refuse_damage
from rtml.experiment.looked_at import capture_of, scope_notes
from rtml.experiment.looks import look
from rtml.experiment.outcome import Outcome
from rtml.experiment.report_input import Made, page
from rtml.experiment.result import Terms, write_result
from rtml.experiment.stage import stage_of
from rtml.experiment.tracked import log_outcome
from rtml.experiment.tracks import track_of
from rtml.features.foresight import foresight
from rtml.features.reader import Readers, own_reader
from rtml.models import Model, Scored, load_model, train
from rtml.models.twice import refuse_differences
from rtml.models.watching import drifting
from rtml.models.windows import container_windows
from rtml.once import once
from rtml.progress import report, stage
from rtml.reading.whole import require_new, whole_folder
from rtml.report import write_ledger, write_report
from rtml.splits import Split
from rtml.tracking.runs import Run, tracked_run

__all__ = ["Outcome", "learn", "run_experiment", "saved_and_loaded"]


_done = partial(report, "experiment", total=4, unit="steps")  # train, score, run the rules, judge


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
    run = tracked_run(experiment.name, "experiment") if tracked else nullcontext(None)
    with run as tracking:
        with measuring() as costs, whole_folder(out) as half:
            unmoved = _run(experiment, experiment.labels, half, tracking, costs)
        outcome = replace(unmoved.moved(out), costs=_costs(unmoved, costs))
        if tracking is not None:
            with stage("logging to MLflow"):
                log_outcome(outcome, tracking)
            outcome = replace(outcome, page=tracking.page)
    return outcome


def _run(experiment: Experiment, label_file: Path, out: Path, run: Run | None, costs: Costs) -> Outcome:
    every = experiment.every
    capture = capture_of(experiment)
    damage = refuse_damage(capture)
    labels, warnings = labels_of(capture, label_file)
    ground = stage_of(experiment, capture, labels)
    split, held, early = ground.split, ground.held, ground.early
    inputs = digests(experiment, capture)
    _done(0)
    with closed(label_file) as unwatched:
        with spent(TRAIN):
            learnt = learn(experiment, early.capture, split, vouched=early.vouched)
        model, saved = saved_and_loaded(learnt, out / "model")
        _done(1)
        scored = held.scored(_scored(model, capture, split))
        foreseen = _foreseen(model, capture, split)
        windows = _windows(model, scored)
        proof = held.proof(prove(windows, every))
        _done(2)
        rules, rival = _rule_sides(experiment, capture, windows, split, early)
    looks = look(label_file, inputs["all"][:12])
    sides = held.sides([*rules.sides, *model_sides(scored, scored.fitted_until), rival])
    _done(3)
    track = held.track(_track(experiment, capture, scored, held.labels(labels), sides, split))
    notes = [*scope_notes(experiment.looked_at), *damage, *unwatched, *warnings, *early.notes]
    notes += [*experiment.notes, *saved, *_outliers(model), *drifting(scored.drift)]
    columns, tried = scored.trees, experiment.tried
    ledger = build_ledger(sides, track, proof, columns, experiment.budget, tried, notes, suspicions=foreseen)
    write_ledger(ledger, out)
    terms = _terms(experiment, split)
    write_result(out, sides, terms, windows, scored, inputs)
    run_id = run.run_id if run else None
    made = Made(looks.sentence(), labels_closed=not unwatched, no_foresight=not foreseen, costs=costs)
    source = page(experiment.name, capture, ledger, track, sides, rules.skipped, run_id, made)
    report = write_report(source, out / "report.html")
    uri = run.model_uri if run and not saved else str(out / "model")
    parts = (model, scored, rules, sides, track, ledger)
    _done(4)
    return Outcome(experiment, capture, split, proof, *parts, out, report, run_id, uri, looks, inputs)


def _scored(model: Model, capture: Capture, split: Split) -> Scored:
    with spent(SCORE):
        scored = model.score(capture, start=split.edges[2], end=split.edges[3])
    refuse_differences(model, scored)
    return scored


def _foreseen(model: Model, capture: Capture, split: Split) -> list[str]:
    """Name the features that change when the test is cut short (`rtml.features.foresight`)."""
    about = model.description
    whole = features.source_of(capture, None, about.window, about.families, "tree")
    families = features.families_of(about.families)
    learnt = (about.window.text, tuple(about.families), model.baseline.fingerprint())
    return once(
        lambda: ("foreseen", *named(capture), split, *learnt),
        lambda: foresight(whole.between(split.edges[2], None), model.baseline, families),
    )


def _track(
    experiment: Experiment,
    capture: Capture,
    scored: Scored,
    labels: pl.DataFrame,
    sides: Sequence[Side],
    split: Split,
) -> Track:
    every, seed = experiment.every, experiment.seed
    return track_of(capture, scored.windows, labels, sides, every, split=split, seed=seed)


def _costs(outcome: Outcome, costs: Costs) -> dict[str, SideCost]:
    """Return the cost of each side, from the costs of the steps."""
    model, events = outcome.model, outcome.capture.events()
    begin = pl.lit(outcome.split.edges[2], pl.Datetime("ns", "UTC"))
    counts = events.select(all=pl.len(), test=(pl.col("time") >= begin).sum()).collect()
    return side_costs(costs, model.detectors, model.description.combined, *counts.row(0))


def _rule_sides(
    experiment: Experiment, capture: Capture, windows: pl.DataFrame, split: Split, early: Early
) -> tuple[RuleSide, Side]:
    """Return what rules and the simple rival find, tuned without the windows of early attacks."""
    every, budget = experiment.every, experiment.budget
    with spent(RULES):
        rules = rule_side(capture, experiment.rules, windows, split, every, budget, early.without_attacks)
    with spent(FIRST_SEEN):
        return rules, first_seen_side(capture, windows, split, every, early.without_attacks)


def learn(
    experiment: Experiment,
    capture: Capture,
    split: Split,
    verdicts: Path | None = None,
    readers: Readers = own_reader,
    *,
    vouched: bool = False,
) -> Model:
    """Train the model that an experiment describes.

    ``vouched``: no attack is left in the learning time (`rtml.models.train`), unless the experiment itself
    says whether it is.
    """
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
        verdicts=verdicts,
        readers=readers,
        vouched=vouched if experiment.vouched is None else experiment.vouched,
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


def _terms(experiment: Experiment, split: Split) -> Terms:
    return Terms(
        window=experiment.every.text,
        since=split.edges[2],
        seed=experiment.seed,
        budget=experiment.budget,
        scope=json.dumps(experiment.scope, sort_keys=True) if experiment.scope else "",
    )


def _outliers(model: Model) -> list[str]:
    if model.outliers is None or model.outliers.is_empty():
        return []
    parts = model.outliers["part"].value_counts().sort("part").iter_rows()
    named = " and ".join(f"{number} of the {part} time" for part, number in parts)
    return [
        f"process trees that stand far outside were judged as outliers and not learnt: {named}. Where they"
        " are benign, more such come, and thresholds do not pay for them: look, and vouch for that time"
    ]
