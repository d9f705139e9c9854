"""A new version is rolled out in the midst of the test: new containers, a new image, a new program in it."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from rtml.experiment.robustness.scene import ATTACK, Change, Scene
from rtml.times import instant

__all__ = ["CHANGE", "roll_out"]

_NEW = "-next"


def roll_out(scene: Scene, share: float) -> Scene:
    """From the middle of the test on, a share of the workloads runs in new containers of a new image.

    The program that each ran most has a new path, as a version in its name would give it. Attacks that had
    begun stay in the old containers, later ones move. All replicas change at once.
    """
    _, _, test, end = scene.split.edges
    middle = instant(test + (end - test) / 2)
    names = scene.containers["workload"].drop_nulls().unique().sort()
    chosen = names.sample(max(1, round(len(names) * share)), seed=scene.seed) if len(names) else names
    late = scene.labels.filter(pl.col("start") >= middle)["attack_id"]
    held = scene.containers.filter(pl.col("workload").is_in(chosen.implode()))["container_id"]
    inside = pl.col("container_id").cast(pl.String).is_in(held.implode()) & (pl.col("time") >= middle)
    moves = inside & (pl.col(ATTACK).is_null() | pl.col(ATTACK).is_in(late.implode()))
    events = scene.events.with_columns(moves.fill_null(False).alias("_moves"))
    new = [_renewed(name, pl.col("_moves")) for name in ("container_id", "image", "image_digest")]
    ids = [
        pl.when("_moves").then(pl.col(name) + 1).otherwise(name).alias(name)
        for name in ("process_id", "parent_id", "target_id")
    ]
    program = pl.col("exe").cast(pl.String)
    most = (
        events.filter("_moves", pl.col(ATTACK).is_null())
        .select(program.drop_nulls().mode().sort().first())
        .item()
    )
    path = _renewed("exe", pl.col("_moves") & pl.col(ATTACK).is_null() & (program == most))
    in_labels = pl.col("attack_id").is_in(late.implode()) & pl.col("container_id").is_in(held.implode())
    labels = scene.labels.with_columns(
        pl.when(in_labels)
        .then(pl.col("container_id") + _NEW)
        .otherwise("container_id")
        .alias("container_id"),
        pl.when(in_labels).then(pl.col("process_id") + 1).otherwise("process_id").alias("process_id"),
    )
    return replace(scene, events=events.with_columns(*new, *ids, path).drop("_moves"), labels=labels)


def _renewed(name: str, where: pl.Expr) -> pl.Expr:
    text = pl.col(name).cast(pl.String)
    return pl.when(where.fill_null(False)).then(text + _NEW).otherwise(text).alias(name)


CHANGE = Change("roll-out", (0.5, 1.0), "share of workloads", roll_out)
