"""The unit of findings about the Kubernetes audit log.

Such an event belongs to no container and no process. Its unit is who asked (``actor``), for which
object (``target``), in which five minutes.
"""

from __future__ import annotations

import polars as pl

from rtml.text import visible

__all__ = ["by_actor", "named"]


def by_actor(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Let actor and target take the container's place in the unit; return rows and the keys."""
    unit = pl.concat_str(
        pl.col("actor").str.len_bytes().cast(pl.String), "actor", "target", separator=" ", ignore_nulls=True
    )
    placed = rows.with_columns(container_id=unit)
    return placed, placed.select("container_id", "actor", "target").unique()


def named(findings: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """Give findings made of such rows their actor back, and a title that says who and what."""
    rows = findings.drop("actor").join(
        keys, on="container_id", how="left", maintain_order="left", nulls_equal=True
    )
    parts = rows.select("title", "actor", "target").iter_rows()
    titles = [
        visible(f"{actor}: {title}" + (f" ({target})" if target else ""), 300)
        for title, actor, target in parts
    ]
    return rows.with_columns(
        title=pl.Series(titles, dtype=pl.String), container_id=pl.lit(None, pl.String)
    ).select(findings.columns)
