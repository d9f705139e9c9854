"""Processes of Tracee: its own number of each, ancestors where it lists them, and the node they ran on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from rtml.captures.sensors.contract import PROCESSES, Reading
from rtml.captures.sensors.declared import before_their_exec
from rtml.captures.sensors.process_ids import pid_of, process_ids
from rtml.captures.sensors.records.moments import when
from rtml.captures.sensors.records.values import integer, said, user_id
from rtml.times import UTC_NS

__all__ = ["ancestors_of", "identified", "on_one_node"]

_UNKNOWN = "unknown"


def identified(rows: pl.DataFrame) -> pl.DataFrame:
    """Name processes by pid and Tracee's number, which is made of pid and start; null before it had any.

    The host is not part of it: in a container Tracee writes the container's own name for it.
    """
    parent = pl.col("ancestors").list.first().struct.field("unique_id")
    numbered = rows.with_columns(
        number=_number(pl.col("entity")), parent_number=_number(pl.coalesce("parent_entity", parent))
    )
    return numbered.with_columns(
        process_id=_ids(numbered, "pid", "number"), parent_id=_ids(numbered, "ppid", "parent_number")
    )


def _number(text: pl.Expr) -> pl.Expr:
    number = integer(text)
    return pl.when(number > 0).then(number).cast(UTC_NS)


def _ids(rows: pl.DataFrame, pid: str, number: str) -> pl.Series:
    return process_ids(rows.select(pid, number, host=pl.lit("tracee")), pid, number)


def ancestors_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the ancestors that events list, nearest first: each is the child of the next."""
    listed = (
        rows.select("host", "line", a="ancestors").filter(pl.col("a").list.len() > 0).with_row_index("event")
    )
    each = listed.explode("a").drop_nulls("a").unnest("a")
    each = each.with_columns(pid=pid_of(integer(pl.col("host_pid"))), number=_number(pl.col("unique_id")))
    each = each.with_columns(process_id=_ids(each, "pid", "number"))
    same = pl.col("event") == pl.col("event").shift(-1)  # as ``over("event")``: they stand in their order
    next_one = {
        "parent_id": pl.when(same).then(pl.col("process_id").shift(-1)),
        "ppid": pl.when(same).then(pl.col("pid").shift(-1)),
    }
    known = each.with_columns(**next_one).select(
        "process_id",
        "parent_id",
        "host",
        pl.lit(None, pl.String).alias("container_id"),
        "pid",
        "ppid",
        started=when(pl.col("thread").struct.field("start_time")),
        exe=said(pl.col("executable").struct.field("path")),
        cmdline=pl.lit(None, pl.String),
        uid=user_id(pl.col("real_user").struct.field("id")),
    )
    known = known.drop_nulls("process_id").unique("process_id", keep="first", maintain_order=True)
    return known.cast(PROCESSES)


def on_one_node(readings: Sequence[Reading]) -> list[Reading]:
    """Give what happened in containers the node's name, where all that happened outside has one name.

    Tracee writes the name that a process sees, which in a container is the container's. Where a log has
    processes of several nodes, or none outside containers, the node of a container is not known.

    Examples
    --------
    >>> told = {"host": ["node", "3f2a"], "container_id": [None, "3f2a"]}
    >>> events = pl.DataFrame({**told, "kind": "open", "process_id": 1})
    >>> on_one_node([Reading(events, pl.DataFrame(), 2)])[0].events["host"].to_list()
    ['node', 'node']
    """
    outside: dict[str | int, set[str]] = {}
    for place, reading in enumerate(readings):
        outside.setdefault(_log(reading, place), set()).update(_outside(reading))
    nodes = {log: names.pop() if len(names) == 1 else _UNKNOWN for log, names in outside.items()}
    return before_their_exec([_named(one, nodes[_log(one, place)]) for place, one in enumerate(readings)])


def _log(reading: Reading, place: int) -> str | int:
    return place if reading.sitting is None else reading.sitting


def _outside(reading: Reading) -> set[str]:
    """Return the names of nodes that a reading knows."""
    host = pl.col("host").cast(pl.String)
    named = reading.events.filter(pl.col("container_id").is_null() & (host != _UNKNOWN))
    return set(named.select(host.unique())["host"].drop_nulls())


def _named(reading: Reading, node: str) -> Reading:
    inside = pl.col("container_id").is_not_null()
    host = pl.col("host").cast(pl.String)
    events = reading.events.with_columns(host=pl.when(inside).then(pl.lit(node)).otherwise(host))
    declared = reading.processes
    return replace(
        reading,
        events=events,
        processes=None if declared is None else declared.with_columns(host=pl.lit(node, pl.String)),
    )
