"""``python -m benchmarks.calibrating``: other ways to calibrate, on the trials of `benchmarks.forward`.

Most of a trial is making its trees; here they are made once, and every way to set thresholds is tried on
them. Outliers count, causes are told once, no test is read. What a way is stands in `WAYS`; the first row,
nothing changed, is that of `benchmarks.forward`.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.forward import TRIALS, Trial, before_test, counted, judging_split
from rtml import baselines, features
from rtml.arrays import Array
from rtml.captures.leaving_out import PartialCapture, cells_of
from rtml.detectors import Detector, forked, make_detector, peer_groups
from rtml.experiment.config import load_experiment
from rtml.experiment.tracks import track_of
from rtml.features.prequential import pieces_of, prequential_windows
from rtml.features.reader import OwnReader, Piece
from rtml.models.alarmed import repeated
from rtml.models.calibration import Calibration
from rtml.models.combining import combine
from rtml.models.fitting import Fit
from rtml.models.judging import raw_scores, tree_scores, worst_of_trees
from rtml.models.learning import container_days
from rtml.models.tails import RATE, SHIPPED, Prior, prior_of
from rtml.models.windows import container_windows
from rtml.schema import BUDGETS, COMBINED
from rtml.splits import Split
from rtml.times import Window, instant

MEMBERS = {
    "surprise": ("surprise", {}),
    "half_space_trees": ("half_space_trees", {}),
    "isolation_forest": ("isolation_forest", {}),
    "strongest": ("surprise", {"power": 4}),
}
_PIECES = 4
_WINDOW = Window.of("60s")


class Way(NamedTuple):
    """How thresholds are set: which members, which calibration trees, whether shapes are learnt."""

    left_out: str = "strongest"
    folds: tuple[str, ...] = ("held",)
    pull: int | None = None
    """Exceedances' worth of the known shape that a learnt one is drawn to; null: shapes are those known."""


WAYS = {
    "as it is": Way(),
    "(1) calibration time learns on the way": Way(folds=("on_the_way",)),
    "(2) sum and strongest family": Way(left_out=""),
    "(1) and (2)": Way(left_out="", folds=("on_the_way",)),
    "(3) strongest family instead of the sum": Way(left_out="surprise"),
    "(4) cross-fitted": Way(folds=("held", "turned")),
    "(2) and (4)": Way(left_out="", folds=("held", "turned")),
    "(2), shapes learnt (5)": Way(left_out="", pull=20),
}


class Trees(NamedTuple):
    """The trees of a trial: by fold those to learn from and to calibrate on; those that are judged."""

    learnt: Mapping[str, pl.DataFrame]
    folds: Mapping[str, pl.DataFrame]
    judged: pl.DataFrame
    surprises: pl.DataFrame
    cells: pl.DataFrame
    days: float


def trees_of(trial: Trial, config: Path, folder: Path) -> Trees:
    """Make the trees of a trial, with calibration time featured in each way that is tried."""
    experiment = load_experiment(config)
    capture, labels = before_test(experiment, folder)
    begin, calibrate, until, judged, end = (trial.at(clock, experiment) for clock in trial[1:])
    early = cells_of(labels.filter(pl.col("start") < instant(until)), experiment.every)
    clean = PartialCapture.of(capture, early, experiment.every)
    window, own = Window.of(experiment.every), features.families_of(experiment.families)
    source = features.source_of(clean, None, window, experiment.families, "tree")
    reader = OwnReader(source, own)
    learnt, known = prequential_windows(
        source, own, experiment.blocks, reader=reader, start=begin, end=calibrate
    )
    turned, other = prequential_windows(
        source, own, experiment.blocks, reader=reader, start=calibrate, end=until
    )
    (held,) = reader.assemble([(Piece(calibrate, until), known)])
    (back,) = reader.assemble([(Piece(begin, calibrate), other)])
    pieces, rows = pieces_of(source, _PIECES, calibrate, until), []
    for piece, taught in zip(pieces, reader.learn(pieces), strict=True):
        rows += list(reader.assemble([(piece, known)]))
        known = baselines.merge(known, taught)
    later = features.source_of(capture, None, window, experiment.families, "tree").between(judged, end)
    trees, surprises = features.assemble_with_surprises(later, known, own, beyond_peers=True)
    split: Split = judging_split(judged, end)
    track = track_of(capture, container_windows(trees), labels, [], experiment.every, split=split)
    folds = {"held": held, "on_the_way": pl.concat(rows), "turned": back}
    by_fold = {"held": learnt, "on_the_way": learnt, "turned": turned}
    return Trees(by_fold, folds, trees, surprises, track.trees, track.container_days)


def tried(way: Way, trees: Trees, side: str = COMBINED) -> dict[float, tuple[int, int]]:
    """Return attacks found and false findings of the combination, or of one member, by budget."""
    kinds = {label: kind for label, kind in MEMBERS.items() if label != way.left_out}
    held, raws, first = [trees.folds[fold] for fold in way.folds], [], None
    for fold, rows in zip(way.folds, held, strict=True):
        detectors = {label: _learnt(kind, trees.learnt[fold]) for label, kind in kinds.items()}
        raws.append({label: _calibrating(detector, rows) for label, detector in detectors.items()})
        first = first or detectors
    assert first is not None
    calibrations = {}
    for label, detector in first.items():
        scores = [raw[label] for raw in raws]
        calibrations[label] = calibrated(held, scores, prior_of(detector), float(detector.in_bits), way.pull)
    margins = [
        combine({label: calibrations[label].margins(raw[label], peer_groups(rows)) for label in kinds})
        for rows, raw in zip(held, raws, strict=True)
    ]
    calibrations[COMBINED] = calibrated(held, margins, SHIPPED[COMBINED], 0.7, way.pull)
    raw = raw_scores(first, trees.judged, calibrations, 1.0)
    scores = tree_scores(trees.judged, raw, calibrations, list(kinds), 1.0)
    return by_budget(scores.filter(pl.col("detector") == side), trees)


def calibrated(
    held: Sequence[pl.DataFrame], scores: Sequence[Array], prior: Prior, unit: float, pull: int | None
) -> Calibration:
    """Calibrate on the trees of all folds together."""
    tops = pl.concat([worst_of_trees(rows, values) for rows, values in zip(held, scores, strict=True)])
    days: Counter[str] = Counter()
    for rows in held:
        days.update(container_days(rows, _WINDOW))
    if pull is not None:
        prior = prior._replace(shape=learnt_shape(tops["score"], days, prior, pull))
    return Fit(prior, unit, True).of(tops, days)


def by_budget(scores: pl.DataFrame, trees: Trees) -> dict[float, tuple[int, int]]:
    """Return attacks found and false findings by budget, causes told once."""
    key = ["container_id", "window", "process_id"]
    repeats = repeated(scores, trees.judged, trees.surprises.lazy(), audit=False).drop("detector")
    rows = scores.join(repeats, on=key, how="left", nulls_equal=True)
    cells = trees.cells.with_columns(pl.col("root_id").fill_null(0))
    joined = rows.with_columns(root_id=pl.col("process_id").fill_null(0)).join(
        cells, on=["container_id", "window", "root_id"]
    )
    return {asked: counted(joined, asked) for asked in BUDGETS}


def learnt_shape(scores: pl.Series, days: Mapping[str, float], prior: Prior, pull: int) -> float:
    """Return the shape by probability-weighted moments of different exceedances, drawn to the known one."""
    ordered = np.sort(scores.drop_nulls().drop_nans().to_numpy())[::-1]
    number = min(max(round(RATE * sum(days.values())), 20), len(ordered) // 10)
    excess = np.unique(ordered[:number] - ordered[number - 1])[1:]
    if len(excess) <= 5:
        return prior.shape
    place = (np.arange(1, len(excess) + 1) - 0.35) / len(excess)
    mean, weighted = excess.mean(), ((1 - place) * excess).mean()
    own = float(np.clip(2 - mean / (mean - 2 * weighted), -0.6, 0.6))
    return (len(excess) * own + pull * prior.shape) / (len(excess) + pull)


def _learnt(kind: tuple[str, dict[str, float]], rows: pl.DataFrame) -> Detector:
    detector = make_detector(*kind, 7)
    detector.learn(rows)
    return detector


def _calibrating(detector: Detector, rows: pl.DataFrame) -> Array:
    """Score calibration trees as training does: online detectors learn them afterwards."""
    scores = forked(detector).prequential(rows)
    if detector.online:
        detector.learn(rows)
    return scores


def main(
    only: Annotated[list[str] | None, typer.Option(help="names of trials")] = None,
    side: Annotated[str, typer.Option(help="the combination, or one of its members")] = COMBINED,
) -> None:
    """Print found / false (a day) by trial, way and budget.

    Example: python -m benchmarks.calibrating --only "v1, calibrated on half of sitting 2"
    """
    table = Table("trial", "way", *(f"{asked:g}" for asked in BUDGETS), box=None)
    for name in only or TRIALS:
        trial = TRIALS[name]
        with tempfile.TemporaryDirectory(prefix="rtml-calibrating-") as folder:
            made = trees_of(trial, Path(f"experiments/{trial.experiment}.yml"), Path(folder) / "capture")
        for called, way in WAYS.items():
            if side == way.left_out:
                continue
            cells = [f"{hit} / {bad} ({bad / made.days:.1f})" for hit, bad in tried(way, made, side).values()]
            table.add_row(name, called, *cells)
    Console(width=160).print(table)


if __name__ == "__main__":
    typer.run(main)
