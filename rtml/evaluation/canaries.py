"""Detectors with a known answer: they test the harness before it judges a model.

Each takes a track and returns one score for each of its windows. Perfect must reach AUROC 1, null
exactly 0.5, random about 0.5, inverted 0, and delayed must show its delay.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import polars as pl

from rtml.evaluation.targets import overlaps
from rtml.evaluation.track import Track
from rtml.times import span

__all__ = ["CANARIES", "DELAY", "delayed", "inverted", "null", "perfect", "random"]

Canary = Callable[[Track], np.ndarray]

DELAY = dt.timedelta(minutes=3)
"""How late the delayed canary is."""


def perfect(track: Track) -> np.ndarray:
    """Score 1 where a window overlaps an attack, else 0.

    Examples
    --------
    >>> from rtml.evaluation.track import make_track
    >>> from rtml.schema import LABELS, empty
    >>> at = pl.Series([0]).cast(pl.Datetime("ns", "UTC"))
    >>> perfect(make_track(pl.DataFrame({"container_id": ["c"], "window": at}), empty(LABELS))).tolist()
    [0.0]
    """
    return track.windows["target"].fill_null(0).to_numpy().astype(float)


def inverted(track: Track) -> np.ndarray:
    """Score the wrong way round: what a sign error looks like."""
    return -perfect(track)


def null(track: Track) -> np.ndarray:
    """Score every window alike."""
    return np.zeros(track.windows.height)


def random(track: Track) -> np.ndarray:
    """Score by chance, by the track's seed."""
    return np.random.default_rng(track.seed).random(track.windows.height)


def delayed(track: Track) -> np.ndarray:
    """Score 1 only in windows of an attack that began at least `DELAY` before them."""
    windows = track.windows
    hits = overlaps(windows, track.labels, track.every)
    late = hits.filter(pl.col("window") >= pl.col("start") + span(DELAY))
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
