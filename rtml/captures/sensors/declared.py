"""Processes that a sensor declares beside its events, whose programs some events say better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from rtml.captures.sensors.contract import PROCESSES, Reading
from rtml.captures.sensors.records.format import BESIDE

__all__ = ["before_their_exec", "parents_named"]


def before_their_exec(readings: Sequence[Reading]) -> list[Reading]:
    """Leave out the program of declared processes of which an exec is among the events.

    Sensors declare a parent as it is when its child does something; an importer takes what is declared for
    the program that ran before the first exec (`rtml.captures.processes`).

    Examples
    --------
    >>> events = pl.DataFrame({"kind": ["exec"], "process_id": [1]})
    >>> named = pl.DataFrame({"process_id": [1, 2], "exe": ["/a", "/b"], "cmdline": ["a", "b"]})
    >>> before_their_exec([Reading(events, pl.DataFrame(), 1, processes=named)])[0].processes["exe"].to_list()
    [None, '/b']
    """
    execs = [r.events.filter(pl.col("kind").cast(pl.String) == "exec")["process_id"] for r in readings]
    ran = pl.concat(execs).drop_nulls().unique() if execs else pl.Series(dtype=pl.Int64)
    began = pl.col("process_id").is_in(ran.implode())
    words = [pl.when(~began).then(name).alias(name) for name in ("exe", "cmdline")]
    return [
        r if r.processes is None else replace(r, processes=r.processes.with_columns(words)) for r in readings
    ]


def parents_named(rows: pl.DataFrame, exe: str | pl.Expr, cmdline: str | pl.Expr) -> pl.DataFrame:
    """Return the parents that records name with their start: lineage of those that did nothing themselves.

    Parameters
    ----------
    rows
        Records of a sensor, those beside the events too: ``host, parent_id, ppid, parent_started``.
    exe, cmdline
        Where the records name the parent's program and command line.

    Returns
    -------
    Columns of `PROCESSES`, one row per parent, as it was named first.
    """
    named = rows.select(
        BESIDE,
        "host",
        process_id="parent_id",
        parent_id=pl.lit(None, pl.Int64),
        container_id=pl.lit(None, pl.String),
        pid="ppid",
        ppid=pl.lit(None, pl.Int32),
        started="parent_started",
        exe=exe,
        cmdline=cmdline,
        uid=pl.lit(None, pl.Int32),
    )
    known = named.filter(pl.col(BESIDE).is_null() & pl.col("process_id").is_not_null())
    known = known.unique("process_id", keep="first", maintain_order=True)
    return known.select(PROCESSES.names()).cast(PROCESSES)
