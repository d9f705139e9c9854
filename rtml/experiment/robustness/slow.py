"""Attackers take their time."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from rtml.experiment.robustness.scene import ATTACK, Change, Scene
from rtml.schema import LABELS
from rtml.times import instant

__all__ = ["CHANGE", "slow_down"]


def slow_down(scene: Scene, factor: float) -> Scene:
    """Stretch the time of every attack from its start by a factor, as far as the test goes."""
    begin = scene.labels.select(
        "attack_id", pl.col("start").dt.epoch("ns").alias("_b"), pl.col("end").dt.epoch("ns").alias("_e")
    )
    end = pl.select(instant(scene.split.edges[3]).dt.epoch("ns")).item() - 1
    room = (end - pl.col("_b")) / pl.max_horizontal(pl.col("_e") - pl.col("_b"), 1)
    facts = begin.with_columns(_f=pl.min_horizontal(pl.lit(factor), room).clip(1.0))
    own = scene.events.join(facts, left_on=ATTACK, right_on="attack_id", how="left", maintain_order="left")
    moved = own.with_columns(_stretched(name, end) for name in ("time", "started")).drop("_b", "_e", "_f")
    labels = scene.labels.join(facts, on="attack_id", maintain_order="left").with_columns(
        _stretched("end", end)
    )
    return replace(scene, events=moved.sort("time", "seq"), labels=labels.select(LABELS.names()))


def _stretched(name: str, last: int) -> pl.Expr:
    """Return a moment, moved away from the attack's start; what lies before it stays."""
    at = pl.col(name).dt.epoch("ns")
    later = pl.min_horizontal(
        pl.col("_b") + ((at - pl.col("_b")) * pl.col("_f")).cast(pl.Int64), pl.lit(last)
    )
    return (
        pl.when(pl.col("_f").is_not_null() & (at > pl.col("_b")))
        .then(later)
        .otherwise(at)
        .cast(pl.Datetime("ns", "UTC"))
        .alias(name)
    )


CHANGE = Change("attacks slowed down", (2.0, 5.0), "times as long", slow_down)
