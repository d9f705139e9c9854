"""Recorded events moved to another container and another time.

Everything that names a place, a process or a moment is rewritten; what happened is not. Joins
only: no loop over events.
"""

from __future__ import annotations

import polars as pl

from rtml.captures.identity import process_id
from rtml.captures.processes import PROCESSES
from rtml.evaluation.origins import TRIAL
from rtml.schema import LABELS, POLARS, conform

__all__ = ["new_names", "rewrite_events", "rewrite_labels", "rewrite_processes"]

_SHIFTED = ("time", "started", "exe_written", "since", "until", "start", "end")


def new_names(
    events: pl.DataFrame, images: pl.DataFrame, trials: pl.DataFrame, highest_pid: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give every process of every trial a pid that no process has, and the id that follows from it.

    Parameters
    ----------
    events, images
        Those of the attacks, with ``attack_id``.
    trials
        ``trial, attack_id, host, shift`` (``shift``: nanoseconds).
    highest_pid
        New pids count on from here.

    Returns
    -------
    ``trial, pid, new_pid`` (threads included) and ``trial, process_id, new_id``.
    """
    forked = events.filter(pl.col("kind").cast(pl.String) == "fork")
    pids = (
        pl.concat([images.select("attack_id", "pid"), forked.select("attack_id", pid="target_pid")])
        .drop_nulls()
        .unique()
        .sort("attack_id", "pid")
    )
    pid_names = (
        trials.select("trial", "attack_id")
        .join(pids, on="attack_id")
        .sort("trial", "pid")
        .with_columns(new_pid=(pl.int_range(pl.len()) + highest_pid + 1).cast(pl.Int32))
        .select("trial", "pid", "new_pid")
    )
    begun = pl.coalesce("started", "since")
    processes = (
        images.group_by("attack_id", "process_id")
        .agg(pl.col("pid").first(), begun=begun.min())
        .join(trials, on="attack_id")
        .join(pid_names, on=["trial", "pid"])
        .sort("trial", "process_id")
    )
    at = processes["begun"].dt.epoch("ns") + processes["shift"]
    ids = process_id(processes["host"], processes["new_pid"].to_numpy(), at.to_numpy())
    id_names = processes.select("trial", "process_id", pl.Series("new_id", ids, pl.Int64))
    return pid_names, id_names


def _renamed(rows: pl.DataFrame, names: pl.DataFrame, column: str, otherwise: pl.Expr) -> pl.DataFrame:
    """Replace the values of one column by their names in the trial."""
    old, new = names.columns[1], names.columns[2]
    lookup = names.select("trial", pl.col(old).alias(column), pl.col(new).alias("_new"))
    return (
        rows.join(lookup, on=["trial", column], how="left", maintain_order="left")
        .with_columns(pl.coalesce("_new", otherwise).alias(column))
        .drop("_new")
    )


def _moved(rows: pl.DataFrame) -> pl.DataFrame:
    by = pl.duration(nanoseconds=pl.col("shift"), time_unit="ns")
    return rows.with_columns(pl.col(name) + by for name in _SHIFTED if name in rows.columns)


def _of(trials: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Each row once per trial of its attack; columns of the trial win."""
    recorded_rows = rows.drop(name for name in rows.columns if name in trials.columns and name != "attack_id")
    return trials.join(recorded_rows, on="attack_id")


_PPID = (
    pl.when(pl.col("ppid") == pl.col("old_ppid"))
    .then("new_ppid")
    .when(pl.col("ppid").is_not_null())
    .then("new_init")
)
"""Parent's pid outside the attack: above the root, or the init that took an orphan."""


def _external(column: str, value: str) -> pl.Expr:
    """Take the place's value where the recorded one lies outside the attack; null stays null."""
    return pl.when(pl.col(column).is_not_null()).then(value)


def rewrite_events(
    events: pl.DataFrame, trials: pl.DataFrame, names: tuple[pl.DataFrame, pl.DataFrame], next_seq: int
) -> pl.DataFrame:
    """Return the events of all trials: columns of `POLARS` and ``trial, old_seq``.

    ``trials`` carries the identity of its container, ``new_parent``, ``old_ppid`` and ``new_ppid``
    (of the root) and ``new_init`` (the pid to which orphans fall) beside what `new_names` needs.
    ``seq`` counts on from ``next_seq`` in order of time.
    """
    pids, ids = names
    rows = _of(trials, events.with_columns(old_seq="seq"))
    fork = pl.col("kind").cast(pl.String) == "fork"
    rows = _renamed(rows, pids, "ppid", _PPID)
    rows = _renamed(rows, pids, "pid", pl.col("pid"))
    # Only a fork's target is a pid of the host; others are numbers within the container.
    targets = _renamed(rows, pids, "target_pid", pl.col("target_pid"))["target_pid"]
    rows = rows.with_columns(pl.when(fork).then(targets).otherwise("target_pid").alias("target_pid"))
    rows = _renamed(rows, ids, "parent_id", _external("parent_id", "new_parent"))
    rows = _renamed(rows, ids, "target_id", pl.lit(None, pl.Int64))
    rows = _renamed(rows, ids, "process_id", pl.col("process_id"))
    ordered = _moved(rows).sort("time", "trial", "old_seq")
    numbered = ordered.with_columns(seq=pl.int_range(pl.len(), dtype=pl.Int64) + next_seq)
    return conform(numbered, POLARS).with_columns(numbered["trial", "old_seq"])


def rewrite_processes(
    images: pl.DataFrame, trials: pl.DataFrame, names: tuple[pl.DataFrame, pl.DataFrame], events: pl.DataFrame
) -> pl.DataFrame:
    """Return the process images of all trials; ``events`` is what `rewrite_events` returned."""
    pids, ids = names
    seqs = events.select("trial", "old_seq", "seq")
    rows = _of(trials, images)
    rows = _renamed(rows, pids, "ppid", _PPID)
    rows = _renamed(rows, pids, "pid", pl.col("pid"))
    rows = _renamed(rows, ids, "parent_id", _external("parent_id", "new_parent"))
    rows = _renamed(rows, ids, "root_id", pl.col("new_lineage"))
    rows = _renamed(rows, ids, "process_id", pl.col("process_id"))
    rows = _renamed(rows, seqs, "image_seq", pl.lit(None, pl.Int64))
    return conform(_moved(rows), PROCESSES)


def rewrite_labels(labels: pl.DataFrame, trials: pl.DataFrame, ids: pl.DataFrame) -> pl.DataFrame:
    """Return one label per trial, ``provenance`` ``spliced``, ``attack_id`` ``ID~TRIAL``."""
    rows = _renamed(_moved(_of(trials, labels)), ids, "process_id", pl.col("process_id"))
    number = pl.col("trial").cast(pl.String).str.zfill(4)
    marked = rows.with_columns(attack_id=pl.col("attack_id") + TRIAL + number, provenance=pl.lit("spliced"))
    return conform(marked, LABELS)
