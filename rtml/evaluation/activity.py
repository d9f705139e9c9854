"""Who was active when: the exposure, in the unit of findings."""

from __future__ import annotations

import polars as pl

from rtml.times import MINUTE, UTC_NS, Length, Window

__all__ = ["ACTIVITY", "activity", "rooted"]

ACTIVITY = pl.Schema(
    [
        ("container_id", pl.String()),
        ("window", UTC_NS),
        ("process_id", pl.Int64()),
        ("root_id", pl.Int64()),
        ("events", pl.Int64()),
    ]
)
"""One row per container, window and process that did something in it; ``root_id`` is its lineage root, 0
where events name no process."""


def rooted(rows: pl.DataFrame, processes: pl.DataFrame | None) -> pl.DataFrame:
    """Add ``root_id``, the lineage root of ``process_id``: a process of unknown root is its own, nobody is 0.

    Examples
    --------
    >>> rows = pl.DataFrame({"process_id": [7, 8, None]}, schema={"process_id": pl.Int64})
    >>> rooted(rows, pl.DataFrame({"process_id": [7, 7], "root_id": [5, None]}))["root_id"].to_list()
    [5, 8, 0]
    """
    if processes is None or "root_id" not in processes.columns:
        return rows.with_columns(root_id=pl.col("process_id").fill_null(0))
    roots = processes.group_by(pl.col("process_id").cast(pl.Int64)).agg(
        pl.col("root_id").min().cast(pl.Int64)
    )
    known = rows.join(roots, on="process_id", how="left", maintain_order="left")
    return known.with_columns(pl.coalesce("root_id", "process_id").fill_null(0))


def activity(
    events: pl.LazyFrame | pl.DataFrame, processes: pl.DataFrame | None = None, every: Length = MINUTE
) -> pl.DataFrame:
    """Return `ACTIVITY` of a capture's events, read once and streaming.

    Parameters
    ----------
    events
        ``container_id``, ``time``, ``process_id`` and, if there, ``count`` (events that a row stands for).
    processes
        ``process_id`` and ``root_id``; without it each process is a root.
    every
        Length of a window.

    Examples
    --------
    >>> at = pl.Series([0, 1, 61 * 10**9]).cast(UTC_NS)
    >>> events = pl.DataFrame({"container_id": ["c"] * 3, "time": at, "process_id": [7, 7, None]})
    >>> activity(events).select("process_id", "root_id", "events").rows()
    [(7, 7, 2), (None, 0, 1)]
    """
    lazy = events.lazy()
    counted = "count" in lazy.collect_schema().names()
    hits = pl.col("count").fill_null(1).sum() if counted else pl.len()
    container = pl.col("container_id").cast(pl.String)
    cells = (
        lazy.filter(pl.col("container_id").is_not_null())
        .group_by(
            container, Window.of(every).start("time").alias("window"), pl.col("process_id").cast(pl.Int64)
        )
        .agg(events=hits.cast(pl.Int64))
        .collect(engine="streaming")
    )
    rows = rooted(cells, processes).select(pl.col(name).cast(kind) for name, kind in ACTIVITY.items())
    return rows.sort("container_id", "window", "process_id")
