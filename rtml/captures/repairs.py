"""What the process table had to make good, counted: what a sensor should have said of processes and did not.

Everything is told by the table of images itself, so that it is the same however a capture was made.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from rtml.captures.processes import BY_TIME

__all__ = ["OWN", "REPAIRS", "lacking", "repairs_of", "shown", "sums"]

REPAIRS: Mapping[str, str] = {
    "older than the capture": "began before the first event: start and parent are what the sensor was told",
    "no start": "no fork and no start time was seen: named by the first time that it was seen",
    "no exec": "runs a program that its parent does not, and no exec says so: taken from what else was said",
    "no program": "nothing says what it runs: stands among ancestors by its short name, or not at all",
    "no exit": "another process got its pid and no exit was seen: it ends where that one begins",
    "no parent": "its parent was never seen, or had exited: it hangs on nobody",
    "pid reused": "the pid had belonged to another process before: told apart by what their events say",
}
"""What is counted, in processes, and what was done about it."""

OWN = [what for what in REPAIRS if what != "older than the capture"]
"""Columns of `lacking`: what a process lacks whenever the capture began."""


def repairs_of(images: pl.DataFrame, begin: dt.datetime | None) -> dict[str, int]:
    """Count what is missing of processes (`REPAIRS`); what is missing of none is left out.

    Parameters
    ----------
    images
        `rtml.captures.processes.PROCESSES`.
    begin
        When the first event was; None: there is none.

    Examples
    --------
    >>> from rtml.captures.processes import PROCESSES
    >>> from rtml.schema import conform
    >>> at = [dt.datetime(2026, 1, 1, 0, 0, second, tzinfo=dt.UTC) for second in range(2)]
    >>> rows = pl.DataFrame({"process_id": [1, 2], "parent_id": [None, 1], "pid": 7, "ppid": [4, 7],
    ...                      "since": at, "started": [None, at[1]], "exe": "/bin/sh"})
    >>> repairs_of(conform(rows, PROCESSES), at[0])
    {'no start': 1, 'no exec': 1, 'no exit': 1, 'no parent': 1, 'pid reused': 1}
    """
    return shown(sums(lacking(images), begin))


def shown(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts in the order of `REPAIRS`, without zeros."""
    return {what: counts[what] for what in REPAIRS if counts.get(what)}


def sums(rows: pl.DataFrame, begin: dt.datetime | None) -> dict[str, int]:
    """Count what is missing of processes (`lacking`), zeros too; ``begin`` as for `repairs_of`."""
    older = pl.col("started") < pl.lit(begin, pl.Datetime("ns", "UTC"))
    marks = rows.select(older.sum().alias("older than the capture"), pl.col(OWN).sum())
    return {what: int(count or 0) for what, count in marks.row(0, named=True).items()}


def lacking(images: pl.DataFrame) -> pl.DataFrame:
    """Tell of every process what is missing: one row each, with a truth for what `REPAIRS` names.

    Besides ``process_id, host, pid, ppid, parent_id, started, since, first_exe``, as it was first.
    """
    processes = _processes(images)
    ids = images.select(parent_id="process_id").unique()
    programs = images.select("exe", parent_id="process_id").unique()
    own = pl.col("first_exe").is_not_null() & pl.col("image_seq").is_null()
    unseen = processes.filter(own).join(
        programs, left_on=["parent_id", "first_exe"], right_on=["parent_id", "exe"], how="anti"
    )
    orphans = processes.filter((pl.col("ppid") > 0) | pl.col("parent_id").is_not_null())
    alone = orphans.join(ids, on="parent_id", how="anti")
    passed_on = pl.col("pid").is_not_null() & pl.col("process_id").shift(-1).over("host", "pid").is_not_null()
    return (
        processes.sort("host", "pid", "since", "process_id")
        .with_columns(passed_on.alias("pid reused"))
        .with_columns(
            pl.col("started").is_null().alias("no start"),
            pl.col("any_exe").is_null().alias("no program"),
            (pl.col("pid reused") & pl.col("ended").is_null()).alias("no exit"),
            pl.col("process_id").is_in(unseen["process_id"].implode()).alias("no exec"),
            pl.col("process_id").is_in(alone["process_id"].implode()).alias("no parent"),
        )
        .drop("image_seq", "any_exe")
    )


def _processes(images: pl.DataFrame) -> pl.DataFrame:
    """Return one row per process: its first image, its last end, whether its program is ever known."""
    firsts = ("host", "pid", "ppid", "parent_id", "started", "since", "image_seq")
    return (
        images.select("process_id", *firsts, "exe", "until")
        .sort(BY_TIME)
        .group_by("process_id", maintain_order=True)
        .agg(
            pl.col(firsts).first(),
            first_exe=pl.col("exe").first(),
            any_exe=pl.col("exe").drop_nulls().first(),
            ended=pl.col("until").last(),
        )
    )
