"""Mistakes in training: time mixed up, the test learnt from, detectors that look around themselves."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from rtml.arrays import Array
from rtml.evaluation import assign, attacks_in_training, prove
from rtml.experiment.guard import closed
from rtml.experiment.looks import look
from rtml.experiment.selftest.ground import BEGIN, MINUTES, Ground, at
from rtml.experiment.selftest.mistake import Mistake, Plant
from rtml.models.recognising import moments, paces, refuse_known
from rtml.models.twice import score_differences
from rtml.reading.parquet import read_parquet
from rtml.splits import Split
from rtml.times import MINUTE

__all__ = ["MISTAKES"]

_SPLIT = Split(at(60), at(120), BEGIN, at(MINUTES))


def _parts(change: pl.Expr) -> Plant:
    def plant(ground: Ground) -> str:
        parted = assign(ground.windows, _SPLIT, MINUTE)
        prove(parted.with_columns(part=change), MINUTE)
        return ""

    return plant


def _early_attacks(ground: Ground) -> str:
    attacks_in_training(ground.labels, _SPLIT)
    return ""


def _peeking(side: str) -> Plant:
    def plant(ground: Ground) -> str:
        ground.ledger(replace(getattr(ground, side), name="late", fitted_until=at(50)))
        return ""

    return plant


class _Bent:
    """A detector whose scores are bent by what comes with them."""

    online = False

    def __init__(self, bend: Callable[[Array, int], Array]) -> None:
        self._bend, self._calls = bend, 0

    def prequential(self, rows: pl.DataFrame) -> Array:
        self._calls += 1
        return self._bend(rows["x.y"].to_numpy(), self._calls)


def _around(bend: Callable[[Array, int], Array]) -> Plant:
    def plant(ground: Ground) -> str:
        noise = np.random.default_rng(ground.seed).random(ground.windows.height)
        rows = ground.windows.select("container_id", "window", "workload", "image").with_columns(
            pl.Series("x.y", noise)
        )
        detector: Any = _Bent(bend)
        first = {"m": _Bent(bend).prequential(rows)}
        number = score_differences({"m": detector}, rows, first).get("m", 0)
        return f"{number} rows score differently the second time" if number else ""

    return plant


def _opened(ground: Ground) -> str:
    """Open the file of labels while a detector is trained."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "labels.parquet")
        ground.labels.write_parquet(file)
        with closed(file) as notes:
            read_parquet(file)
    return "; ".join(notes)


def _learnt_again(ground: Ground) -> str:
    """Judge the capture that was learnt from, its containers renamed."""
    renamed = ground.events.with_columns(container_id=pl.lit("other ") + pl.col("container_id"))
    refuse_known(renamed.lazy(), moments(ground.events.lazy(), None), "capture")
    return ""


def _learnt_and_moved(ground: Ground) -> str:
    """Judge the capture that was learnt from a year later, its containers renamed."""
    fine = pl.format("{}ns", pl.col("seq") * 7919 % 100_003)
    learnt = ground.events.with_columns(pl.col("time").dt.offset_by(fine)).lazy()
    moved = learnt.with_columns(
        pl.col("time").dt.offset_by("365d"), container_id=pl.lit("other ") + pl.col("container_id")
    )
    refuse_known(moved, moments(learnt, None), "capture", paces(learnt, None))
    return ""


def _tried(ground: Ground) -> str:
    """Choose the best of twenty configurations on the test."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "labels.parquet")
        return [look(file, str(number)) for number in range(20)][-1].sentence()


MISTAKES = [
    Mistake("training", "time shuffled", _parts(pl.col("part").shuffle(seed=1))),
    Mistake(
        "training",
        "training after the test",
        _parts(pl.col("part").replace({"train": "test", "test": "train"})),
    ),
    Mistake("training", "attacks in the learning time", _early_attacks),
    Mistake("training", "a model fitted on the test", _peeking("model")),
    Mistake("training", "rules tuned on the test", _peeking("rules")),
    Mistake("training", "a capture learnt from, under other names", _learnt_again),
    Mistake("training", "a capture learnt from, its times moved by a year", _learnt_and_moved),
    Mistake("training", "a detector reads the labels", _opened),
    Mistake(
        "training", "a detector standardises by the batch", _around(lambda s, n: (s - s.mean()) / s.std())
    ),
    Mistake(
        "training", "a detector ranks within the batch", _around(lambda s, n: np.argsort(np.argsort(s)) / 1.0)
    ),
    Mistake("training", "a detector looks ahead", _around(lambda s, n: np.append(s[1:], 0.0))),
    Mistake("training", "a detector is quiet at first", _around(lambda s, n: s * (n > 1))),
    Mistake(
        "training",
        "a detector draws without a seed",
        _around(lambda s, n: np.random.default_rng().random(len(s))),
    ),
    Mistake("training", "the best of twenty chosen on the test", _tried),
]
