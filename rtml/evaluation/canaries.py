"""Detectors with a known answer: they test the harness before it judges a model.

Each takes the test windows with their ``target`` (see `rtml.evaluation.targets.targets`), labels,
the window length and a seed, and returns one score per window. Perfect must reach AUROC 1, null
exactly 0.5, random about 0.5, inverted 0, and delayed must show its delay.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import polars as pl

from rtml.evaluation.targets import overlaps
from rtml.times import Length, span

__all__ = ["CANARIES", "DELAY", "delayed", "inverted", "null", "perfect", "random"]

Canary = Callable[[pl.DataFrame, pl.DataFrame, dt.timedelta, int], np.ndarray]

DELAY = dt.timedelta(minutes=3)
"""How late the delayed canary is."""


def perfect(windows: pl.DataFrame, labels: pl.DataFrame, every: Length, seed: int = 0) -> np.ndarray:
    """Score 1 where a window overlaps an attack, else 0.

    Examples
    --------
    >>> perfect(pl.DataFrame({"target": [0, 1, None]}), pl.DataFrame(), DELAY).tolist()
    [0.0, 1.0, 0.0]
    """
    return windows["target"].fill_null(0).to_numpy().astype(float)


def inverted(windows: pl.DataFrame, labels: pl.DataFrame, every: Length, seed: int = 0) -> np.ndarray:
    """Score the wrong way round: what a sign error looks like."""
    return -perfect(windows, labels, every, seed)


def null(windows: pl.DataFrame, labels: pl.DataFrame, every: Length, seed: int = 0) -> np.ndarray:
    """Score every window alike."""
    return np.zeros(windows.height)


def random(windows: pl.DataFrame, labels: pl.DataFrame, every: Length, seed: int = 0) -> np.ndarray:
    """Score by chance."""
    return np.random.default_rng(seed).random(windows.height)


def delayed(windows: pl.DataFrame, labels: pl.DataFrame, every: Length, seed: int = 0) -> np.ndarray:
    """Score 1 only in windows of an attack that began at least `DELAY` before them."""
    late = overlaps(windows, labels, every).filter(pl.col("window") >= pl.col("start") + span(DELAY))
    key = ["container_id", "window"]
    marked = late.select(key).unique().with_columns(score=pl.lit(1.0))
    scored = windows.select(key).join(marked, on=key, how="left", maintain_order="left")
    return scored["score"].fill_null(0.0).to_numpy()


CANARIES: dict[str, Canary] = {
    "perfect": perfect,
    "inverted": inverted,
    "null": null,
    "random": random,
    "delayed": delayed,
}
"""Every canary by name; a test runs each through the whole harness."""
