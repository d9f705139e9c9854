"""Attackers bring and start no program: their first process does everything itself."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from rtml.experiment.robustness.scene import ATTACK, Change, Scene

__all__ = ["CHANGE", "stay_inside"]

_PROCESS = ("fork", "exec", "exit")


def stay_inside(scene: Scene, share: float) -> Scene:
    """Let the first process of each attack do what its children did, and drop their forks, execs and exits.

    ``share`` is not used. Attacks whose root is not known stay as they are.
    """
    roots = scene.labels.drop_nulls("process_id").select("attack_id", _root="process_id")
    events = scene.events.join(roots, left_on=ATTACK, right_on="attack_id", how="left", maintain_order="left")
    child = pl.col("_root").is_not_null() & (pl.col("process_id") != pl.col("_root"))
    kind = pl.col("kind").cast(pl.String)
    starts = child & kind.is_in(_PROCESS) | pl.col("_root").is_not_null() & (kind == "fork")
    facts = ["pid", "ppid", "parent_id", "started", "exe", "comm", "cmdline"]
    first = (
        events.filter(pl.col("process_id") == pl.col("_root"))
        .sort("time", "seq")
        .group_by("_root")
        .agg(pl.col(name).drop_nulls().first().alias(f"_{name}") for name in facts)
    )
    kept = events.filter(~starts.fill_null(False)).join(first, on="_root", how="left", maintain_order="left")
    inside = [pl.when(child).then(f"_{name}").otherwise(name).alias(name) for name in facts]
    own = pl.when(child).then("_root").otherwise("process_id").alias("process_id")
    plain = kept.with_columns(*inside, own).select(scene.events.columns)
    return replace(scene, events=plain)


CHANGE = Change("built-in tools only", (1.0,), "share of attacks", stay_inside)
