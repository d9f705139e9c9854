"""An attack is split over containers: every second process goes on elsewhere."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from rtml.experiment.robustness.scene import ATTACK, PART, Change, Scene
from rtml.schema import IDENTITY, LABELS, conform

__all__ = ["CHANGE", "spread_out"]


def spread_out(scene: Scene, share: float) -> Scene:
    """Move every second child of an attack's root, with all below it, into another container.

    Its workload's other containers come first, else any other. Each part has a label, ``ATTACK/part``; an
    attack is found where one of its parts is. ``share`` is not used.
    """
    moving = _moving(scene)
    if moving.is_empty():
        return scene
    where = scene.containers.select(pl.col(name).alias(f"_{name}") for name in IDENTITY)
    events = scene.events.join(moving, on="process_id", how="left", maintain_order="left")
    events = events.join(
        where, left_on="_to", right_on="_container_id", how="left", maintain_order="left", coalesce=False
    )
    here = pl.col("_to").is_not_null()
    names = [pl.when(here).then(f"_{n}").otherwise(pl.col(n).cast(pl.String)).alias(n) for n in IDENTITY]
    parent = pl.when(here & pl.col("_head")).then(None).otherwise("parent_id").alias("parent_id")
    moved = events.with_columns(*names, parent)
    heads = (
        moved.filter(pl.col("_head").fill_null(False))
        .group_by(ATTACK, "process_id")
        .agg(pl.col("container_id", "host").first(), start=pl.col("time").min(), end=pl.col("time").max())
    )
    number = pl.col("process_id").rank("ordinal").over(ATTACK).cast(pl.String)
    parts = heads.join(
        scene.labels.select(pl.col("attack_id").alias(ATTACK), "technique", "name", "provenance"), on=ATTACK
    )
    rows = conform(parts.with_columns(attack_id=pl.col(ATTACK) + PART + number), LABELS)
    return replace(
        scene,
        events=moved.select(scene.events.columns),
        labels=pl.concat([scene.labels, rows]).sort("start", "attack_id"),
    )


def _moving(scene: Scene) -> pl.DataFrame:
    """Return ``process_id``, ``_to`` (container) and ``_head`` (top of what moves) of processes that move."""
    images = (
        scene.capture.processes()
        .select("process_id", "parent_id", "since")
        .collect()
        .sort("since", "process_id")
    )
    parents = images.unique("process_id", keep="first", maintain_order=True)
    roots = scene.labels.drop_nulls("process_id").select(parent_id="process_id", home="container_id")
    own = scene.events.filter(scene.is_attack)["process_id"].unique().implode()
    children = parents.join(roots, on="parent_id", maintain_order="left").filter(
        pl.col("process_id").is_in(own)
    )
    second = children.with_columns(n=pl.int_range(pl.len()).over("parent_id")).filter(pl.col("n") % 2 == 1)
    newest = second.join(_elsewhere(scene), on="home").select("process_id", "_to", _head=pl.lit(True))
    found = newest
    while newest.height:
        below = parents.join(newest.select(parent_id="process_id", _to="_to"), on="parent_id")
        newest = below.select("process_id", "_to", _head=pl.lit(False)).join(
            found, on="process_id", how="anti"
        )
        found = pl.concat([found, newest])
    return found


def _elsewhere(scene: Scene) -> pl.DataFrame:
    """Return ``home`` and ``_to``: where what leaves a container goes."""
    test = scene.capture.containers().select("container_id", "workload", "first_seen", "last_seen")
    judged = test.join(scene.containers.select("container_id"), on="container_id", how="semi")
    pairs = judged.join(judged, how="cross", suffix="_to").filter(
        pl.col("container_id") != pl.col("container_id_to")
    )
    alive = pairs.filter(
        (pl.col("first_seen_to") <= pl.col("last_seen"))
        & (pl.col("last_seen_to") >= pl.col("last_seen") - pl.duration(seconds=60))
    )
    ordered = alive.sort(pl.col("workload").ne_missing(pl.col("workload_to")), "container_id_to")
    return ordered.unique("container_id", keep="first", maintain_order=True).select(
        home="container_id", _to="container_id_to"
    )


CHANGE = Change("split over containers", (1.0,), "share of attacks", spread_out)
