"""Attacks in the time that is learnt from, of which nobody knows."""

from __future__ import annotations

import math
from dataclasses import replace

import polars as pl

from rtml.evaluation.trees import attack_trees
from rtml.experiment.robustness.scene import ATTACK, Change, Scene
from rtml.splicing.splice import splice
from rtml.times import instant

__all__ = ["CHANGE", "poison"]


def poison(scene: Scene, share: float) -> Scene:
    """Splice recorded attacks into a share of the windows before the test; labels do not tell of them."""
    start, _, test, _ = scene.split.edges
    before = scene.events.filter(pl.col("time").is_between(instant(start), instant(test), closed="left"))
    windows = before.select("container_id", scene.every.start("time")).unique().height
    number = math.ceil(share * windows)
    trees = attack_trees(scene.labels, scene.capture.processes().collect())
    made = splice(
        scene.capture, scene.labels, trees, trials=number, seed=scene.seed, gap=0.0, within=(start, test)
    )
    own = scene.events.select("process_id", ATTACK).drop_nulls().unique("process_id", keep="first")
    events = made.events.join(own, on="process_id", how="left", maintain_order="left")
    return replace(scene, events=events)


CHANGE = Change("learning time poisoned", (0.001, 0.01, 0.05), "share of windows", poison, learnt=True)
