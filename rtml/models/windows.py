"""From rows of process trees to rows of containers."""

from __future__ import annotations

import polars as pl

from rtml.schema import IDENTITY, feature_columns

__all__ = ["container_windows"]

_CELL = ["container_id", "window"]


def container_windows(trees: pl.DataFrame) -> pl.DataFrame:
    """Return one row per container and window: features as in the tree where they are highest."""
    columns = feature_columns(trees)
    identity = [name for name in IDENTITY if name != "container_id"]
    kept = [name for name in ("part",) if name in trees.columns]
    return (
        trees.group_by(_CELL)
        .agg(
            pl.col(*identity, *kept).first(),
            pl.col("events").sum(),
            pl.col("complete").all(),
            pl.col(columns).max(),
        )
        .select(*_CELL, *identity, "events", "complete", *columns, *kept)
        .sort(_CELL)
    )
