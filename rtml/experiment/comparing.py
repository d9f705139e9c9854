"""Set models and rules side by side on one track, from values that a notebook holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import polars as pl

from rtml import features
from rtml.captures import Capture
from rtml.errors import UsageError
from rtml.evaluation import Ledger, Proof, Side, attacks_in_training, build_ledger, prove
from rtml.evaluation.naming import in_the_capture
from rtml.experiment.contenders import model_sides, tuned_and_default
from rtml.experiment.exposure import begin_of_test
from rtml.experiment.labelled import labels_of, refuse_damage
from rtml.experiment.tracks import track_of
from rtml.findings.shown import Findings
from rtml.models import Scored
from rtml.models.budgets import budget_of
from rtml.models.windows import container_windows
from rtml.rules.running.run import Ran
from rtml.splits import Split
from rtml.times import MINUTE, Length, Window

__all__ = ["Contender", "compare"]

Contender: TypeAlias = Scored | Ran | Side | Findings | pl.DataFrame
"""What can be judged: a model's scores, rules that ran, findings of anybody, or a ready side."""


def compare(
    capture: Capture,
    labels: pl.DataFrame | str | Path,
    contenders: Sequence[Contender] | Mapping[str, Contender],
    split: Split | None = None,
    *,
    every: Length = MINUTE,
    budget: float = 1.0,
    seed: int = 0,
    all_time: bool = False,
) -> Ledger:
    """Judge models and rules against labelled attacks, on the same windows.

    Parameters
    ----------
    capture
        What was scored; its processes and events say which finding belongs to which attack.
    labels
        A table (`rtml.schema.LABELS`), or a file of one.
    contenders
        `Model.score` gives one side per detector. `run_rules` gives two: tuned on the time before the
        test, as models are, and as they come. Findings of another tool are one side. In a mapping,
        keys name the sides; a model of several detectors keeps their names behind it.
    split
        Where the test begins. Without one it begins with the first score of a model; where there is none, say
        ``all_time``.
    every
        Length of a window.
    budget
        False findings per container-day that were aimed at.
    seed
        Of the random row and of resampling.
    all_time
        Without a split: all time is judged, and rules are not tuned. Then nothing shows that nobody has seen
        the attacks, and the ledger says so.

    Returns
    -------
    The ledger: one row per side beside the trivial ones; the last expression of a notebook cell.

    Raises
    ------
    RtmlError
        Labels lie before the test (unless the split says to leave them out), come from rules, or no
        window lies in test time; a model was fitted on test time.
    UsageError
        There is nothing to judge, or it is not said which time is judged.

    Examples
    --------
    >>> import rtml
    >>> capture, split = rtml.open_capture("datasets/lab-v1/capture"), rtml.Split(calibrate=0.3, test=0.55)
    >>> model = rtml.train(capture, ["surprise"], split, families=["commands"])
    >>> scored = model.score(capture, start=0.55, budget=30)
    >>> ledger = compare(capture, "datasets/lab-v1/labels.parquet", {"mine": scored}, split)
    >>> ledger
    Ledger(16 attacks; 4 sides: mine, best single feature, random, flag all …)
    >>> ledger.view().select("side", "found of 16", "false").head(2)
    shape: (2, 3)
    ┌─────────────────────┬─────────────┬───────┐
    │ side                ┆ found of 16 ┆ false │
    │ ---                 ┆ ---         ┆ ---   │
    │ str                 ┆ f64         ┆ f64   │
    ╞═════════════════════╪═════════════╪═══════╡
    │ mine                ┆ 5.0         ┆ 0.0   │
    │ best single feature ┆ 16.0        ┆ 0.0   │
    └─────────────────────┴─────────────┴───────┘
    """
    budget, labelled = budget_of(budget), _labelled(contenders)
    if not labelled:
        raise UsageError("nothing to compare: give scores, rules that ran, or findings")
    window = Window.of(every)
    dated = None if split is None else split.of(capture, window)
    attacks, warnings = labels_of(capture, labels)
    warnings = [*refuse_damage(capture), *warnings]
    if dated is not None:
        warnings += attacks_in_training(attacks, dated, allow=dated.early_attacks != "refuse")
    windows = features.observed(capture, window)
    sides = [
        side
        for name, contender in labelled
        for side in _sides(name, contender, windows, dated, window, budget)
    ]
    begins = None if dated is not None else begin_of_test(sides, None, all_time=all_time)
    sides, unclear = in_the_capture(sides, capture.containers()["container_id"])
    track = track_of(capture, windows, attacks, sides, window, split=dated, begins=begins, seed=seed)
    scored = next((contender for _, contender in labelled if isinstance(contender, Scored)), None)
    columns = None if scored is None else scored.trees
    return build_ledger(sides, track, _proof(scored, window), columns, budget, notes=[*warnings, *unclear])


def _labelled(contenders: Sequence[Contender] | Mapping[str, Contender]) -> list[tuple[str, Contender]]:
    if isinstance(contenders, Mapping):
        return list(contenders.items())
    return [("", contender) for contender in contenders]


def _sides(
    name: str, contender: Contender, windows: pl.DataFrame, split: Split | None, window: Window, budget: float
) -> Iterator[Side]:
    """Make the sides of one contender; a name goes before the names of several."""
    if isinstance(contender, Side):
        yield contender if not name else replace(contender, name=name)
    elif isinstance(contender, Scored):
        sides = model_sides(contender, contender.fitted_until)
        for side in sides:
            full = f"{name}: {side.name}" if name and len(sides) > 1 else name or side.name
            yield replace(side, name=full)
    elif isinstance(contender, Ran):
        for side in tuned_and_default(contender, windows, split, window, budget):
            yield replace(side, name=side.name.replace("rules", name or "rules", 1))
    else:
        frame = contender.frame if isinstance(contender, Findings) else contender
        source = frame["source"].drop_nulls().head(1).to_list() if "source" in frame.columns else []
        kind = "rules" if source == ["rule"] else "model"
        yield Side(name or "findings", kind, frame)


def _proof(scored: Scored | None, window: Window) -> Proof | None:
    if scored is None or scored.learnt is None:
        return None
    tested = scored.windows.with_columns(part=pl.lit("test"))
    return prove(pl.concat([container_windows(scored.learnt), tested]), window)
