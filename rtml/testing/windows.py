"""Small seeded windows frames, shaped like real ones. For laws only, never for quality claims."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

__all__ = ["FEATURES", "START", "alike", "outlier", "windows", "with_value"]

FEATURES = ("a.x", "a.y", "a.bits_top3", "b.bits_max", "binaries.never_seen")
"""Feature columns of `windows`."""

START = datetime(2026, 1, 1, tzinfo=UTC)


def windows(rows: int = 24, workloads: tuple[str, ...] = ("web", "job"), seed: int = 1) -> pl.DataFrame:
    """Return ``rows`` benign windows of one container per workload; ``a.x`` differs between the two.

    Examples
    --------
    >>> windows(rows=2).select("container_id", "workload").rows()
    [('job-1', 'job'), ('job-1', 'job'), ('web-1', 'web'), ('web-1', 'web')]
    """
    rng = np.random.default_rng(seed)
    parts = []
    for number, workload in enumerate(workloads):
        parts.append(
            pl.DataFrame(
                {
                    "container_id": [f"{workload}-1"] * rows,
                    "window": [START + timedelta(minutes=m) for m in range(rows)],
                    "workload": [workload] * rows,
                    "image": ["lab/base:1"] * rows,
                    "events": rng.integers(50, 60, rows),
                    "complete": [True] * rows,
                    "a.x": rng.normal(10 * (number + 1), 1.0, rows),
                    "a.y": rng.poisson(5, rows).astype(float),
                    "a.bits_top3": rng.uniform(2, 6, rows),
                    "b.bits_max": rng.uniform(0, 2, rows),
                    "binaries.never_seen": np.zeros(rows),
                }
            )
        )
    utc = pl.col("window").cast(pl.Datetime("ns", "UTC"))
    return pl.concat(parts).with_columns(utc).sort("container_id", "window")


def outlier(frame: pl.DataFrame, row: int, factor: float = 40.0) -> pl.DataFrame:
    """Return the frame with one row made strange in every column.

    Examples
    --------
    >>> outlier(windows(rows=2), 1)["binaries.never_seen"].to_list()
    [0.0, 40.0, 0.0, 0.0]
    """
    chosen = pl.int_range(pl.len()) == row
    floats = [
        pl.when(chosen).then(pl.col(n) * factor + factor).otherwise(pl.col(n)).alias(n) for n in FEATURES
    ]
    events = pl.when(chosen).then(pl.col("events") * 40).otherwise(pl.col("events")).alias("events")
    return frame.with_columns(*floats, events)


def with_value(frame: pl.DataFrame, column: str, value: float | None) -> pl.DataFrame:
    """Return the frame with one value all down a column, which is added where it is not there.

    Examples
    --------
    >>> with_value(windows(rows=1), "z.new", 5.0)["z.new"].to_list()
    [5.0, 5.0]
    """
    return frame.with_columns(pl.lit(value, pl.Float64).alias(column))


def alike(frame: pl.DataFrame, often: int = 12, seldom: int = 3) -> pl.DataFrame:
    """Return the frame with windows that are copies, as idle containers have them, per workload.

    The first ``often`` windows of a workload are its medians in every column, the next ``seldom`` are
    the first of those that followed; the others stay as they are.

    Examples
    --------
    >>> alike(windows(rows=5, workloads=("web",)), often=2, seldom=2)["a.y"].to_list()
    [4.0, 4.0, 4.0, 4.0, 5.0]
    """
    names = ["events", *FEATURES]
    place = pl.int_range(pl.len()).over("workload")
    medians = [
        pl.col(name).median().over("workload").floor().cast(frame.schema[name]).alias(name) for name in names
    ]
    once = [pl.col(name).get(often).over("workload") for name in names]
    copies = [
        pl.when(place < often)
        .then(median)
        .when(place < often + seldom)
        .then(one)
        .otherwise(pl.col(name))
        .alias(name)
        for name, median, one in zip(names, medians, once, strict=True)
    ]
    return frame.with_columns(copies)
