"""Judge rules, the combined model and both on every changed copy of a capture."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from rtml.captures import Capture, open_capture, open_captures
from rtml.errors import RtmlError, UsageError
from rtml.evaluation import Side, assess, union
from rtml.evaluation.measure import kept
from rtml.experiment.config import Experiment
from rtml.experiment.contenders import model_sides, rule_side
from rtml.experiment.copies import write_copy
from rtml.experiment.early import without_early_attacks
from rtml.experiment.labelled import labels_of
from rtml.experiment.looks import look
from rtml.experiment.robustness import CHANGES
from rtml.experiment.robustness.scene import PART, Change, Scene, scene_of
from rtml.experiment.run import learn
from rtml.experiment.tracks import track_of
from rtml.models import Model, Scored
from rtml.models.windows import container_windows
from rtml.progress import steps
from rtml.schema import COMBINED
from rtml.splits import Split

__all__ = ["ROBUSTNESS", "UNCHANGED", "robustness"]

UNCHANGED = "as recorded"
ROBUSTNESS = pl.Schema(
    {
        "change": pl.String(),
        "level": pl.Float64(),
        "unit": pl.String(),
        "side": pl.String(),
        "found": pl.Int64(),
        "of": pl.Int64(),
        "false": pl.Int64(),
        "days": pl.Float64(),
        "budget": pl.String(),
        "reason": pl.String(),
    }
)
"""One row per change, level and side (``rules``, ``models``, ``both``); ``reason``: why it was not judged."""


def robustness(experiment: Experiment, changes: Sequence[str] | None = None) -> pl.DataFrame:
    """Return `ROBUSTNESS` of an experiment at its budget, the recording as it is first.

    Parameters
    ----------
    experiment
        Its test labels are read, and every copy that is judged counts as a look.
    changes
        Names of `rtml.experiment.robustness.CHANGES`; null: all.

    Notes
    -----
    What attackers change touches their own events alone, so the model stays; where learning time changes,
    all is learnt and tuned anew. A change that the recording cannot carry has a row with its reason.
    """
    if not experiment.capture or experiment.labels is None:
        raise UsageError("an experiment needs `capture` and `labels`")
    capture = open_captures(experiment.capture)
    labels, _ = labels_of(capture, experiment.labels)
    split = experiment.split.of(capture, experiment.every)
    scene = scene_of(capture, labels, split, experiment.every, experiment.seed)
    plain = Change(UNCHANGED, (0.0,), "", lambda same, _: same)
    wanted = [plain, *(CHANGES[name] for name in (CHANGES if changes is None else changes))]
    model = _learnt(experiment, capture, labels, split)
    todo = [(change, level) for change in wanted for level in change.levels]
    rows = []
    for change, level in steps(todo, "changing", "copies"):
        rows.append(_rows(experiment, scene, change, level, model))
        look(experiment.labels, experiment.digest())
    return pl.concat(rows)


def _learnt(experiment: Experiment, capture: Capture, labels: pl.DataFrame, split: Split) -> Model:
    return learn(experiment, without_early_attacks(capture, labels, split, experiment).capture, split)


def _rows(experiment: Experiment, scene: Scene, change: Change, level: float, model: Model) -> pl.DataFrame:
    head = (change.name, level, change.unit)
    try:
        changed = change.make(scene, level)
    except RtmlError as error:
        nothing = [
            (*head, side, None, None, None, None, None, str(error)) for side in ("rules", "models", "both")
        ]
        return pl.DataFrame(nothing, schema=ROBUSTNESS, orient="row")
    with tempfile.TemporaryDirectory(prefix="rtml-robustness-") as folder:
        copy = open_capture(write_copy(scene.capture, changed.events, Path(folder) / "copy", changed.lost))
        used = _learnt(experiment, copy, changed.labels, scene.split) if change.learnt else model
        judged = _judged(experiment, copy, changed.labels, scene.split, used)
    return pl.DataFrame([(*head, *row, None) for row in judged], schema=ROBUSTNESS, orient="row")


def _judged(
    experiment: Experiment, copy: Capture, labels: pl.DataFrame, split: Split, model: Model
) -> list[tuple[object, ...]]:
    """Judge the three sides on a copy: found, of, false, days, held or broken."""
    every, budget = experiment.every, experiment.budget
    scored = model.score(copy, start=split.edges[2])
    sides = _sides(experiment, copy, labels, split, scored, model)
    judged = list(sides.values())
    track = track_of(copy, scored.windows, labels, judged, every, split=split, seed=experiment.seed)
    rows: list[tuple[object, ...]] = []
    for name, side in sides.items():
        verdict = assess(side, track, resamples=0)
        whole = verdict.attacks.with_columns(pl.col("attack_id").str.split(PART).list.first())
        found = whole.filter("found")["attack_id"].n_unique()
        false = int(verdict.false)
        state = kept(false, budget * verdict.days)
        rows.append((name, found, whole["attack_id"].n_unique(), false, verdict.days, state))
    return rows


def _sides(
    experiment: Experiment, copy: Capture, labels: pl.DataFrame, split: Split, scored: Scored, model: Model
) -> dict[str, Side]:
    """Return tuned rules, the combination (else the first model), and both together."""
    assert model.trees is not None
    tested = scored.windows.with_columns(part=pl.lit("test"))
    windows = pl.concat([container_windows(model.trees), tested])
    early = without_early_attacks(copy, labels, split, experiment)
    every, budget = experiment.every, experiment.budget
    rules = rule_side(copy, experiment.rules, windows, split, every, budget, early.without_attacks).sides[0]
    models = model_sides(scored, scored.fitted_until)
    best = next((side for side in models if side.name == COMBINED), models[0])
    return {"rules": rules, "models": best, "both": union("both", [best, rules])}
