"""Whose tree a process belongs to: the one table from processes to lineage roots."""

from __future__ import annotations

import polars as pl

__all__ = ["PROCESS", "roots_of", "with_root"]

PROCESS = ["host", "process_id"]
"""What names a process."""


def roots_of(processes: pl.LazyFrame) -> pl.LazyFrame:
    """Return the lineage root of every process once: ``host`` (a string), ``process_id``, ``root_id``.

    Parameters
    ----------
    processes
        Process images: several rows per process. The root is null where none is known.

    Examples
    --------
    >>> images = pl.LazyFrame({"host": ["h", "h"], "process_id": [7, 7], "root_id": [5, 5]})
    >>> roots_of(images).collect().rows()
    [('h', 7, 5)]
    """
    host = pl.col("host").cast(pl.String)
    return processes.group_by(host, "process_id").agg(pl.col("root_id").cast(pl.Int64).min())


def with_root(rows: pl.LazyFrame, processes: pl.LazyFrame) -> pl.LazyFrame:
    """Add ``root_id`` to rows that name `PROCESS`; their order stays.

    A process of unknown root is its own; what names no process has none (null).

    Examples
    --------
    >>> events = pl.LazyFrame({"host": "h", "process_id": [7, 8, None]})
    >>> images = pl.LazyFrame({"host": ["h"], "process_id": [7], "root_id": [5]})
    >>> with_root(events, images).collect()["root_id"].to_list()
    [5, 8, None]
    """
    named = rows.with_columns(_host=pl.col("host").cast(pl.String))
    roots = roots_of(processes).rename({"host": "_host"})
    rooted = named.join(roots, on=["_host", "process_id"], how="left", maintain_order="left")
    return rooted.with_columns(pl.coalesce("root_id", "process_id")).drop("_host")
