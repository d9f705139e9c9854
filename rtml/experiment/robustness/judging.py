"""Judge rules, the combined model and both on every changed copy of a capture, at every budget."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import polars as pl

from rtml.captures import open_capture
from rtml.errors import RtmlError, UsageError
from rtml.evaluation import Side, Track
from rtml.evaluation.measure import kept
from rtml.evaluation.reach import reach, together
from rtml.experiment.config import Experiment
from rtml.experiment.contenders import model_sides, rule_side
from rtml.experiment.copies import write_copy
from rtml.experiment.labelled import labels_of
from rtml.experiment.looked_at import capture_of
from rtml.experiment.looks import look
from rtml.experiment.robustness import CHANGES
from rtml.experiment.robustness.scene import PART, Change, Scene, scene_of
from rtml.experiment.run import learn
from rtml.experiment.stage import Stage, stage_of
from rtml.experiment.tracks import track_of
from rtml.models import Model, Scored
from rtml.models.training import RECOMMENDED
from rtml.models.windows import container_windows
from rtml.progress import steps
from rtml.schema import BUDGETS, COMBINED

__all__ = ["ROBUSTNESS", "UNCHANGED", "robustness"]

UNCHANGED = "as recorded"
SIDES = ("rules", "models", "both")
ROBUSTNESS = pl.Schema(
    {
        "change": pl.String(),
        "level": pl.Float64(),
        "unit": pl.String(),
        "side": pl.String(),
        "asked": pl.Float64(),
        "found": pl.Int64(),
        "of": pl.Int64(),
        "false": pl.Int64(),
        "days": pl.Float64(),
        "budget": pl.String(),
        "reason": pl.String(),
    }
)
"""One row per change, level, side (`SIDES`) and false findings asked for per container-day (`BUDGETS`);
``both`` shares one budget, as in the headline. ``reason``: why it was not judged."""

Row: TypeAlias = tuple[object, ...]


def robustness(
    experiment: Experiment, changes: Sequence[str] | None = None, *, every_level: bool = False
) -> pl.DataFrame:
    """Return `ROBUSTNESS` of an experiment, the recording as it is first.

    Parameters
    ----------
    experiment
        Its test labels are read, and every copy that is judged counts as a look. What it holds out is.
    changes
        Names of `rtml.experiment.robustness.CHANGES`; null: all.
    every_level
        All levels of each change. Otherwise the least and the most of what is learnt anew, and the most of
        what is not: with the recording as it is, that makes a curve.

    Notes
    -----
    What attackers change touches their own events alone, so the model stays; where learning time changes,
    all is learnt and tuned anew. Only the detectors that are combined are learnt. A change that the recording
    cannot carry has a row with its reason.
    """
    if not experiment.capture or experiment.labels is None:
        raise UsageError("an experiment needs `capture` and `labels`")
    lean = _lean(experiment)
    capture = capture_of(experiment)
    labels, _ = labels_of(capture, experiment.labels)
    ground = stage_of(lean, capture, labels)
    scene = scene_of(capture, labels, ground.split, experiment.every, experiment.seed)
    model = learn(lean, ground.early.capture, ground.split)
    plain = Change(UNCHANGED, (0.0,), "", lambda same, _: same)
    wanted = [plain, *(CHANGES[name] for name in (CHANGES if changes is None else changes))]
    todo = [(change, level) for change in wanted for level in _levels(change, every_level)]
    rows = []
    for change, level in steps(todo, "changing", "copies"):
        rows.append(_rows(lean, scene, change, level, model))
        look(experiment.labels, experiment.digest())
    return pl.concat(rows)


def _levels(change: Change, every_level: bool) -> Sequence[float]:
    if every_level:
        return change.levels
    return (
        tuple(dict.fromkeys((change.levels[0], change.levels[-1]))) if change.learnt else change.levels[-1:]
    )


def _lean(experiment: Experiment) -> Experiment:
    """Return the experiment with the detectors that make the judged side alone."""
    named = {label: str(values.get("kind", label)) for label, values in experiment.detectors.items()}
    usual = [label for label, kind in named.items() if kind in RECOMMENDED]
    members = usual if experiment.combine is None else experiment.combine
    own = {label: values for label, values in experiment.detectors.items() if label in members}
    return experiment.model_copy(update={"detectors": own}) if own else experiment


def _rows(experiment: Experiment, scene: Scene, change: Change, level: float, model: Model) -> pl.DataFrame:
    head = (change.name, level, change.unit)
    try:
        changed = change.make(scene, level)
    except RtmlError as error:
        nothing = [(*head, side, None, None, None, None, None, None, str(error)) for side in SIDES]
        return pl.DataFrame(nothing, schema=ROBUSTNESS, orient="row")
    with tempfile.TemporaryDirectory(prefix="rtml-robustness-") as folder:
        copy = open_capture(write_copy(scene.capture, changed.events, Path(folder) / "copy", changed.lost))
        ground = stage_of(experiment, copy, changed.labels)
        used = learn(experiment, ground.early.capture, ground.split) if change.learnt else model
        judged = list(_judged(experiment, ground, used))
    return pl.DataFrame([(*head, *row, None) for row in judged], schema=ROBUSTNESS, orient="row")


def _judged(experiment: Experiment, ground: Stage, model: Model) -> Iterator[Row]:
    """Judge the three sides on a copy, at every budget."""
    held, split = ground.held, ground.split
    scored = held.scored(model.score(ground.capture, start=split.edges[2], end=split.edges[3]))
    rules, models = held.sides(_sides(experiment, ground, scored, model))
    judged = (ground.capture, scored.windows, held.labels(ground.labels), [rules, models])
    track = held.track(track_of(*judged, experiment.every, split=split, seed=experiment.seed))
    for asked in BUDGETS:
        halves = [reach(side, asked / 2, track) for side in (models, rules)]
        whole = {"rules": reach(rules, asked, track), "models": reach(models, asked, track)}
        for name, one in (whole | {"both": together(*halves)}).items():
            yield name, asked, *_counted(one.attacks, track), *_cost(one.false.height, asked, track)


def _counted(found: frozenset[str], track: Track) -> tuple[int, int]:
    """Return how many attacks were found, of how many: an attack is found where a part of it is."""
    own = {name.partition(PART)[0] for name in found}
    return len(own), len({str(name).partition(PART)[0] for name in track.labels["attack_id"]})


def _cost(false: int, asked: float, track: Track) -> tuple[int, float, str]:
    days = track.container_days
    return false, days, kept(false, asked * days)


def _sides(experiment: Experiment, ground: Stage, scored: Scored, model: Model) -> tuple[Side, Side]:
    """Return tuned rules, and the combination (else the first model)."""
    assert model.trees is not None
    tested = scored.windows.with_columns(part=pl.lit("test"))
    windows = pl.concat([container_windows(model.trees), tested])
    tuned = (ground.split, experiment.every, experiment.budget, ground.early.without_attacks)
    rules = rule_side(ground.capture, experiment.rules, windows, *tuned).sides[0]
    models = model_sides(scored, scored.fitted_until)
    return rules, next((side for side in models if side.name == COMBINED), models[0])
