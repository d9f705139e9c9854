"""What a change works on, and what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import polars as pl

from rtml.captures import Capture
from rtml.captures.manifest import LostInterval
from rtml.evaluation.trees import attack_trees
from rtml.splits import Split
from rtml.times import Window

__all__ = ["ATTACK", "PART", "Change", "Scene", "scene_of"]

ATTACK = "_attack"
"""Column of the events: which attack's process did it, null: none."""

PART = "/part"
"""Between the name of an attack and the number of a part of it in another container."""


@dataclass(frozen=True)
class Scene:
    """A capture in memory: its events (with `ATTACK`), labels, and what was lost besides."""

    capture: Capture
    events: pl.DataFrame
    labels: pl.DataFrame
    split: Split
    every: Window
    seed: int
    lost: tuple[LostInterval, ...] = ()

    @property
    def is_attack(self) -> pl.Expr:
        """Whether an event belongs to an attack."""
        return pl.col(ATTACK).is_not_null()

    @property
    def containers(self) -> pl.DataFrame:
        """Containers that are judged."""
        return self.capture.judged()

    def changed(self, *columns: pl.Expr) -> Scene:
        """Return the scene with columns of its events replaced."""
        return replace(self, events=self.events.with_columns(*columns))


@dataclass(frozen=True)
class Change:
    """``levels``: how much of it, in its unit; ``learnt``: it also changes what is learnt from."""

    name: str
    levels: tuple[float, ...]
    unit: str
    make: Callable[[Scene, float], Scene]
    learnt: bool = False


def scene_of(capture: Capture, labels: pl.DataFrame, split: Split, every: Window, seed: int) -> Scene:
    """Read a capture, and mark which events are of which attack's processes."""
    trees = attack_trees(labels, capture.processes().collect()).unique("process_id", keep="first")
    own = trees.rename({"attack_id": ATTACK})
    events = capture.events().collect().join(own, on="process_id", how="left", maintain_order="left")
    return Scene(capture, events, labels, split, every, seed)
