"""Which process a document of ECS is of, and which began it: by pid and start, where both are told."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.declared import parents_named
from rtml.captures.sensors.ecs.starts import began
from rtml.captures.sensors.process_ids import pid_of, process_ids
from rtml.captures.sensors.records.values import integer

__all__ = ["forked", "processes_of", "with_processes"]


def with_processes(rows: pl.DataFrame) -> pl.DataFrame:
    """Add pids, starts and ids of processes and their parents.

    A parent's start counts only beside the process's own: a maker that does not tell that of each process
    would tell the parent's not where it does something itself, and it would be two.
    """
    numbered = rows.with_columns(
        pid=pid_of(integer(pl.col("process/pid"))),
        ppid=pid_of(integer(pl.coalesce("process/ppid", "process/parent/pid"))),
    )
    above = began("process/parent/", "ppid")
    begun = numbered.with_columns(started=began("process/", "pid"))
    begun = begun.with_columns(parent_started=pl.when(pl.col("started").is_not_null()).then(above))
    return begun.with_columns(
        process_id=process_ids(begun, "pid", "started"),
        parent_id=process_ids(begun, "ppid", "parent_started"),
    )


def forked() -> dict[str, pl.Expr]:
    """Make a fork that no call tells of, an event of the child, one of the parent."""
    born = (pl.col("kind") == "fork") & pl.col("auditd/data/syscall").is_null()
    return {
        "target_pid": pl.when(born).then("pid"),
        "target_id": pl.when(born).then("process_id"),
        "pid": pl.when(born).then("ppid").otherwise("pid"),
        "ppid": pl.when(~born).then("ppid"),
        "started": pl.when(born).then("parent_started").otherwise("started"),
        "process_id": pl.when(born).then("parent_id").otherwise("process_id"),
        "parent_id": pl.when(~born).then("parent_id"),
    }


def processes_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the parents that documents name with their start: lineage of those that did nothing."""
    return parents_named(rows, "process/parent/executable", "process/parent/command_line")
