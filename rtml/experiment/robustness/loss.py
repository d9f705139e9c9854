"""The sensor loses events: evenly, or in bursts, as a ring buffer that runs over does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from rtml.captures.manifest import LostInterval
from rtml.experiment.robustness.scene import Change, Scene
from rtml.times import UTC_NS

__all__ = ["BURST", "RANDOM", "burst_loss", "random_loss"]

_LEVELS = (0.01, 0.05, 0.2)
_BURST = 1_000_000_000
"""Nanoseconds of a burst: all events of a host within it are lost."""


def random_loss(scene: Scene, share: float) -> Scene:
    """Lose each event with the same chance; the manifest counts them, over all of the time."""
    lost = pl.Series(np.random.default_rng(scene.seed).random(scene.events.height) < share)
    return _without(scene, lost)


def burst_loss(scene: Scene, share: float) -> Scene:
    """Lose whole seconds of a host, a share of all of them; the manifest says when."""
    second = scene.events["time"].dt.epoch("ns") // _BURST
    keys = pl.DataFrame({"host": scene.events["host"].cast(pl.String), "second": second})
    seconds = keys.unique().sort("host", "second")
    struck = pl.Series("struck", np.random.default_rng(scene.seed).random(seconds.height) < share)
    lost = keys.join(
        seconds.with_columns(struck), on=["host", "second"], maintain_order="left", nulls_equal=True
    )
    return _without(scene, lost["struck"])


def _without(scene: Scene, lost: pl.Series) -> Scene:
    """Drop events, and say in the manifest how many of each host between which times."""
    gone = scene.events.filter(lost).select(pl.col("host").cast(pl.String), "time")
    second = pl.from_epoch(pl.col("time").dt.epoch("ns") // _BURST * _BURST, "ns").cast(UTC_NS)
    rows = gone.group_by("host", start=second).len().sort("host", "start")
    intervals = [
        LostInterval(host=host or "unknown", start=start, end=end, count=count)
        for host, start, end, count in rows.select(
            "host",
            "start",
            (pl.col("start") + pl.duration(nanoseconds=_BURST, time_unit="ns")).alias("end"),
            "len",
        ).iter_rows()
    ]
    return replace(scene, events=scene.events.filter(~lost), lost=tuple(intervals))


RANDOM = Change("events lost at random", _LEVELS, "share of events", random_loss, learnt=True)
BURST = Change("events lost in bursts", _LEVELS, "share of seconds", burst_loss, learnt=True)
