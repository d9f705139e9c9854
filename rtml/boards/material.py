"""What a set gives to learn from, to calibrate on and to judge: frames of windows, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from rtml.arrays import Array
from rtml.datasets.rows import ROLES
from rtml.schema import feature_columns

__all__ = ["TARGET", "Extra", "Flags", "Material", "Part", "blind", "of_rows"]

Flags: TypeAlias = npt.NDArray[np.bool_]

TARGET = ("part", "group", "attack", "attack_id")
"""What every frame says of a row, besides what detectors look at."""

_SECOND = 1_000_000_000


@dataclass(frozen=True)
class Part:
    """What one model is made for: windows to learn, to take the threshold from, to judge."""

    train: pl.DataFrame
    calibrate: pl.DataFrame
    test: pl.DataFrame

    @property
    def features(self) -> list[str]:
        """Feature columns."""
        return feature_columns(self.train)


def blind(windows: pl.DataFrame) -> pl.DataFrame:
    """Return windows without their labels: what a detector may see."""
    return windows.drop("attack", "attack_id")


@dataclass(frozen=True)
class Extra:
    """A side that scores rows by itself: rules, the first run of a program."""

    side: str
    kind: str
    score: Array
    note: str = ""

    @property
    def flagged(self) -> Flags:
        """Rows on which it matched."""
        return np.asarray(self.score > 0)


@dataclass(frozen=True)
class Material:
    """All parts of a set; ``events``, where labels are of single events.

    ``events`` has `TARGET` and ``place``, the number of the test row (over all parts, in order) whose score
    an event takes; null: no row holds it, so nobody can flag it.
    """

    parts: list[Part]
    row_seconds: float | None = None
    events: pl.DataFrame | None = None
    extras: list[Extra] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def test(self) -> pl.DataFrame:
        """`TARGET` of all test rows, in order."""
        return pl.concat([part.test.select(TARGET) for part in self.parts])

    @property
    def calibration(self) -> int:
        """Rows that thresholds are taken from."""
        return sum(part.calibrate.height for part in self.parts)

    def judged(self, score: Array, flagged: Flags) -> pl.DataFrame:
        """Return test rows, or events, with their score and flag (see `rtml.evaluation.tables`)."""
        columns = {
            "score": pl.Series("score", score, pl.Float64).fill_nan(None),
            "flagged": pl.Series("flagged", flagged, pl.Boolean),
        }
        if self.events is None:
            return self.test.with_columns(**columns)
        scores = pl.DataFrame(columns).with_row_index("place")
        joined = self.events.join(scores, on="place", how="left", maintain_order="left")
        return joined.with_columns(pl.col("flagged").fill_null(False))


def of_rows(rows: pl.DataFrame, row_seconds: float | None = None) -> Material:
    """Turn a labelled table (`rtml.datasets.rows`) into windows, a part each.

    A group stands for a container and a part for its workload; rows without a time come one a second, in
    their order. A feature that a part never has is no column of it.
    """
    return Material(list(_parts(rows)), row_seconds)


def _parts(rows: pl.DataFrame) -> Iterator[Part]:
    for (name,), part in rows.partition_by("part", as_dict=True, maintain_order=True).items():
        named = [column for column in feature_columns(part) if part[column].null_count() < part.height]
        order = pl.int_range(pl.len(), dtype=pl.Int64) * _SECOND
        windows = part.select(
            "role",
            *TARGET,
            *named,
            container_id="group",
            window=pl.coalesce("time", order.cast(pl.Datetime("ns", "UTC"))),
            workload=pl.lit(str(name)),
        )
        frames = {role: windows.filter(pl.col("role") == role).drop("role") for role in ROLES}
        yield Part(**frames)
