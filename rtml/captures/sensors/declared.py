"""Processes that a sensor declares beside its events, whose programs some events say better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from rtml.captures.sensors.contract import Reading

__all__ = ["before_their_exec"]


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
