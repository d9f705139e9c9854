"""What is known of processes, table by table, and which of their rows are of which process.

A *unit* is what is put away or kept as a whole: a process with all keys that mean it, or the key of a forked
child that has done nothing so far and may be a thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from rtml.captures.following.given import GIVEN
from rtml.captures.following.knowing import Known
from rtml.captures.following.remembering import KEPT
from rtml.captures.provenance import WRITTEN
from rtml.captures.sensors import Reading, Sensor
from rtml.captures.sensors.contract import PROCESSES
from rtml.schema import empty

__all__ = ["HEARD", "KEYS", "NOTHING", "Was", "added", "declared_units", "heard_in", "owners_of"]

HEARD = pl.Schema({"key": pl.Int64(), "last": pl.Datetime("ns", "UTC")})
"""When something was last heard of a key, also as the child of a fork."""

KEYS: Mapping[str, str] = {
    "pids": "key",
    "processes": "key",
    "given": "key",
    "kept": "process_id",
    "heard": "key",
}
"""The tables whose rows are of a key, and their column of it."""

NOTHING: Mapping[str, pl.DataFrame] = {
    "pids": Known().pids,
    "processes": Known().processes,
    "given": empty(GIVEN),
    "kept": empty(KEPT),
    "heard": empty(HEARD),
    "declared": empty(PROCESSES),
}
"""All tables, without rows."""


@dataclass(frozen=True)
class Was:
    """What settled rows leave behind: processes, the events that told of their programs, paths written.

    ``heard``: when something was last heard of each key (`HEARD`).
    """

    known: Known = field(default_factory=Known)
    kept: pl.DataFrame = field(default_factory=KEPT.to_frame)
    written: pl.DataFrame = field(default_factory=WRITTEN.to_frame)
    heard: pl.DataFrame = field(default_factory=HEARD.to_frame)

    def tables(self, declared: pl.DataFrame) -> dict[str, pl.DataFrame]:
        """Return all tables of processes, with the one of those that were ``declared``."""
        known = self.known
        return {
            "pids": known.pids,
            "processes": known.processes,
            "given": known.given,
            "kept": self.kept,
            "heard": self.heard,
            "declared": declared,
        }

    def with_tables(self, tables: Mapping[str, pl.DataFrame]) -> Was:
        """Return the same with other tables of processes."""
        known = Known(tables["pids"], tables["processes"], tables["given"])
        return Was(known, tables["kept"], self.written, tables["heard"])


_ONE: Mapping[str, list[str]] = {
    "pids": ["host", "pid"],
    "processes": ["key"],
    "given": GIVEN.names(),
    "kept": ["process_id", "time", "seq"],
    "heard": ["key"],
}


def heard_in(heard: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Add rows, which carry keys, to what was heard (`HEARD`)."""
    seen = [rows.select(key=pl.col(name), last="time") for name in ("process_id", "target_id")]
    every = pl.concat([heard, *seen]).drop_nulls("key")
    return every.group_by("key", maintain_order=True).agg(pl.col("last").max())


def owners_of(tables: Mapping[str, pl.DataFrame], meant: pl.DataFrame | None) -> pl.DataFrame:
    """Return ``key, unit``: of which units each key is.

    A key that pids alone give stands behind the keys of what a sensor gave (`rtml.captures.following.given`):
    it is of the processes of all of those.
    """
    carried = tables["heard"].select("key")
    if meant is None:
        return carried.select("key", unit="key")
    direct = meant.select("key", unit="process_id")
    behind = (
        tables["given"].drop_nulls("instance").select("key", inner="instance").join(direct, on="key").unique()
    )
    via = behind.select("unit", key="inner").select("key", "unit")
    own = pl.concat([direct.join(carried, on="key", how="semi"), direct.join(via, on="key", how="anti")])
    named = pl.concat([own, via]).unique(maintain_order=True)
    threads = tables["processes"].select("key").join(named, on="key", how="anti")
    return pl.concat([named, threads.select("key", unit="key")])


def declared_units(sensor: Sensor, declared: pl.DataFrame) -> pl.Series:
    """Return the unit of each process that the sensor declared."""
    if declared.is_empty():
        return pl.Series("unit", [], dtype=pl.Int64)
    stand = declared.select(
        "process_id",
        kind=pl.lit(None, pl.String),
        parent_id=pl.lit(None, pl.Int64),
        host=pl.lit(None, pl.String),
        container_id=pl.lit(None, pl.String),
    )
    (told,) = sensor.together([Reading(stand, empty(), 0, processes=declared)])
    return told.events["process_id"].alias("unit")


def added(tables: Mapping[str, pl.DataFrame], back: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Add rows that come back; where both have one the living one stays."""
    found = {}
    for table, rows in tables.items():
        if table not in back or back[table].is_empty():
            found[table] = rows
            continue
        order = [back[table], rows] if table == "declared" else [rows, back[table]]  # as it was named first
        both = pl.concat(order, how="diagonal_relaxed")
        if table == "pids":  # its last mark
            both = both.sort("time", descending=True, maintain_order=True)
        found[table] = both.unique(_ONE.get(table), keep="first", maintain_order=True)
    return found
