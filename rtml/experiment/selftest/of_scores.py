"""Mistakes in scores and features: silent, hard, turned round, of other windows, knowing too much."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl

from rtml.baselines import Baseline
from rtml.evaluation import Side
from rtml.evaluation.proof import group_leaks
from rtml.experiment.selftest.ground import Ground
from rtml.experiment.selftest.mistake import Mistake, Plant, said
from rtml.features import Family, open_source
from rtml.features.foresight import foresight
from rtml.features.pairs import CELL, Material
from rtml.times import MINUTE

__all__ = ["MISTAKES"]


def _scored(change: Callable[[Ground], pl.DataFrame], words: str) -> Plant:
    def plant(ground: Ground) -> str:
        return said(ground, ground.ledger(replace(ground.model, scores=change(ground))), words)

    return plant


def _quiet(scores: pl.DataFrame) -> pl.DataFrame:
    """Leave out the scores of the quiet three quarters of benign time."""
    return scores.with_columns(score=pl.when(pl.col("score") > 0.75).then("score"))


def _lossy(ground: Ground) -> str:
    """Judge time of which the sensor lost events everywhere."""
    windows = ground.windows.with_columns(complete=pl.lit(False))
    return said(ground, ground.ledger(ground.model, windows=windows), "lost events")


def _half_foreign(ground: Ground) -> pl.DataFrame:
    return pl.concat([ground.scores(), ground.scores().with_columns(pl.col("container_id") + " of another")])


def _budget(asked: float) -> Plant:
    return lambda ground: str(ground.ledger(replace(ground.model, asked=asked)))[:0]


def _better_by_silence(ground: Ground) -> str:
    rows = [
        ground.ledger(replace(ground.model, scores=scores))
        .summary.filter(pl.col("side") == "m")
        .row(0, named=True)
        for scores in (ground.scores(0.3), _quiet(ground.scores(0.3)))
    ]
    before, after = (row["auroc"] for row in rows)
    return f"AUROC {before:.3f} falls to {after:.3f}" if after < before else ""


def _level(value: pl.Expr) -> Callable[[Ground], pl.DataFrame]:
    return lambda ground: ground.scores().with_columns(score=value)


def _twice(ground: Ground) -> pl.DataFrame:
    return pl.concat([ground.scores(), ground.scores()])


def _shifted(ground: Ground) -> pl.DataFrame:
    return ground.scores().with_columns(pl.col("window") + pl.duration(seconds=30))


def _minutes_on_seconds(ground: Ground) -> str:
    """Lay scores of minutes over a track of ten seconds."""
    fine = ground.windows.join(pl.DataFrame({"step": range(6)}), how="cross")
    fine = fine.with_columns(pl.col("window") + pl.duration(seconds=10) * pl.col("step")).drop("step")
    ground.ledger(ground.model, windows=fine, every="10s")
    return ""


def _feature(name: str, make: Callable[[Ground, pl.DataFrame], pl.Expr | pl.Series], words: str) -> Plant:
    def plant(ground: Ground) -> str:
        rows = ground.track().windows
        noise = np.random.default_rng(ground.seed).random(rows.height)
        features = rows.with_columns(
            pl.Series("activity.noise", noise), make(ground, rows).alias(name)
        ).select("container_id", "window", "activity.noise", name)
        return said(ground, ground.ledger(ground.model, features=features), words)

    return plant


def _calls(material: Material) -> pl.DataFrame:
    """Return what an honest family would: how much a process tree did in each window."""
    return material.source.volume.group_by(CELL).agg(calls=pl.col("hits").sum())


def _peeking(material: Material) -> pl.DataFrame:
    """Return how much a process tree will do in its next window."""
    ahead = pl.col("calls").shift(-1).over("container_id", "root_id", order_by="window").fill_null(0)
    return _calls(material).with_columns(calls=ahead)


def _sharing(material: Material) -> pl.DataFrame:
    """Return which share of all that a container ever does lies in a window."""
    return _calls(material).with_columns(calls=pl.col("calls") / pl.col("calls").sum().over("container_id"))


def _foreseeing(own: Callable[[Material], pl.DataFrame]) -> Plant:
    def plant(ground: Ground) -> str:
        source = open_source(ground.events, ground.processes, MINUTE, "tree")
        honest, family = (Family("peek", one, ("calls",)) for one in (_calls, own))
        if foresight(source, Baseline(), {"peek": honest}):
            return ""
        told = foresight(source, Baseline(), {"peek": family})
        return said(ground, ground.ledger(ground.model, suspicions=told), "knows the future")

    return plant


def _near_copies(ground: Ground) -> str:
    """Shift training rows by a billionth, and take them for the test."""
    noise = np.random.default_rng(1).random(200)
    rows = pl.DataFrame(
        {
            "container_id": "c0",
            "x.y": np.concatenate([noise, noise + 1e-9]),
            "part": ["train"] * 200 + ["test"] * 200,
        }
    )
    return next((note for note in group_leaks(rows) if note.startswith("200 of 200 test rows")), "")


def _no_rules(sides: Callable[[Ground], list[Side]]) -> Plant:
    def plant(ground: Ground) -> str:
        gain = ground.ledger(ground.model, beside=sides(ground)).facts["gain"]
        return "" if gain["value"] is not None else str(gain["reason"])

    return plant


MISTAKES = [
    Mistake("scores", "a constant score", _scored(_level(pl.lit(1.0)), "hard score")),
    Mistake(
        "scores", "a hard 0/1 score", _scored(_level((pl.col("score") > 1).cast(pl.Float64)), "hard score")
    ),
    Mistake("scores", "no opinion anywhere", _scored(_level(pl.lit(None, pl.Float64)), "gave no opinion")),
    Mistake(
        "scores", "silence on quiet time", _scored(lambda ground: _quiet(ground.scores()), "no opinion on")
    ),
    Mistake("scores", "ranking better by silence", _better_by_silence),
    Mistake("scores", "the sign turned round", _scored(_level(-pl.col("score")), "below chance")),
    Mistake("scores", "two scores for one window", _scored(_twice, "two scores")),
    Mistake("scores", "scores of other windows", _scored(_shifted, "gave no opinion")),
    Mistake("scores", "half of the scores of another capture", _scored(_half_foreign, "")),
    Mistake(
        "scores",
        "a score per container",
        _scored(_level(pl.col("container_id").hash(1) % 97 / 1.0), "name containers"),
    ),
    Mistake(
        "scores",
        "the time as a score",
        _scored(_level(pl.col("window").to_physical() / 1.0), "tell the time"),
    ),
    Mistake(
        "scores",
        "the time left as a score",
        _scored(_level(pl.col("window").to_physical() / -1.0), "tell the time"),
    ),
    Mistake("scores", "a budget that is no number", _budget(math.nan)),
    Mistake("scores", "a budget without end", _budget(math.inf)),
    Mistake("scores", "scores of minutes on windows of seconds", _minutes_on_seconds),
    Mistake(
        "features",
        "the label as a feature",
        _feature(
            "lineage.code",
            lambda ground, rows: rows["target"].fill_null(0).cast(pl.Float64),
            "a single column solves",
        ),
    ),
    Mistake(
        "features",
        "the container's number as a feature",
        _feature(
            "lineage.number",
            lambda ground, rows: rows["container_id"].str.slice(1).cast(pl.Float64),
            "names containers",
        ),
    ),
    Mistake(
        "features",
        "the time as a feature",
        _feature(
            "activity.clock",
            lambda ground, rows: rows["window"].to_physical().cast(pl.Float64),
            "tells the time",
        ),
    ),
    Mistake(
        "features",
        "the row number as a feature",
        _feature("activity.row", lambda g, rows: pl.int_range(pl.len()).cast(pl.Float64), "names containers"),
    ),
    Mistake(
        "features",
        "the container's number in noise as a feature",
        _feature(
            "lineage.blurred",
            lambda g, rows: (
                rows["container_id"].str.slice(1).cast(pl.Float64)
                + np.random.default_rng(2).random(rows.height) / 2
            ),
            "names containers",
        ),
    ),
    Mistake(
        "features",
        "a counter of windows as a feature",
        _feature(
            "activity.count",
            lambda g, rows: pl.col("window").rank().over("container_id") + pl.col("window").dt.minute() * 0.0,
            "tells the time",
        ),
    ),
    Mistake("features", "a feature that peeks at the next window", _foreseeing(_peeking)),
    Mistake("features", "a feature scaled by all that ever happens", _foreseeing(_sharing)),
    Mistake("features", "near copies of training rows in the test", _near_copies),
    Mistake("scores", "windows that lost their events", _lossy),
    Mistake("comparison", "models without rules", _no_rules(lambda ground: [])),
    Mistake(
        "comparison",
        "models beside rules that never match",
        _no_rules(lambda ground: [replace(ground.rules, findings=ground.rules.findings.clear())]),
    ),
    Mistake(
        "comparison",
        "two sides of one name",
        lambda ground: str(ground.ledger(ground.model, ground.model))[:0],
    ),
]
