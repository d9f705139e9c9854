"""The events of each attack's process tree: against them a delay in events is counted."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from rtml.evaluation.track import Track
from rtml.evaluation.trees import attack_trees
from rtml.times import UTC_NS

__all__ = ["ATTACK_EVENTS", "attack_events", "with_attack_events"]

ATTACK_EVENTS = pl.Schema([("attack_id", pl.String()), ("process_id", pl.Int64()), ("time", UTC_NS)])
"""One row per event of an attack's own processes, from the attack's start on, by time."""


def with_attack_events(track: Track, events: pl.LazyFrame | pl.DataFrame) -> Track:
    """Return the track with the events of its attacks, so that delays can be told in events.

    Examples
    --------
    See `attack_events`.
    """
    return replace(track, attack_events=attack_events(track.labels, track.processes, events))


def attack_events(
    labels: pl.DataFrame, processes: pl.DataFrame | None, events: pl.LazyFrame | pl.DataFrame
) -> pl.DataFrame:
    """Return the events of all attacks (`ATTACK_EVENTS`).

    Parameters
    ----------
    labels
        ``attack_id, process_id, start``; an attack whose root process is not known has no row.
    processes
        See `rtml.evaluation.trees.attack_trees`.
    events
        ``time`` and ``process_id``; read lazily, these two columns, and only the rows of attacks are kept.

    Examples
    --------
    >>> at = pl.Series([0, 1, 2]).cast(UTC_NS)
    >>> labels = pl.DataFrame({"attack_id": ["a"], "process_id": [7], "start": at[1:2]})
    >>> attack_events(labels, None, pl.DataFrame({"time": at, "process_id": [7, 7, 8]})).height
    1
    """
    trees = attack_trees(labels, processes).join(labels.select("attack_id", "start"), on="attack_id")
    members = trees.with_columns(pl.col("start").cast(UTC_NS))
    rows = events.lazy().select(pl.col("process_id").cast(pl.Int64), pl.col("time").cast(UTC_NS))
    return (
        rows.join(members.lazy(), on="process_id")
        .filter(pl.col("time") >= pl.col("start"))
        .select(ATTACK_EVENTS.names())
        .sort("attack_id", "time", "process_id")
        .collect()
    )
