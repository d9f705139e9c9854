"""SysFlow (Avro ``.sf``): one record per flow, entities apart, exact process ids.

One record gives one event, so that counts can be checked against the file. A flow that connected,
sent and closed is one ``connect`` with its volume: the most telling operation names the kind, and
``count`` says how often that operation happened. ``seq`` is the record's place in the file, by
which labels join. A ``fork`` is the caller's clone (threads included, the record does not tell);
the child's own return from clone is ``syscall clone``, the end of a mere thread ``syscall exit``.
A flow has no return value; SysFlow writes flows only of descriptors that were obtained, so their
``result`` is 0.

References
----------
SysFlow specification: https://sysflow.readthedocs.io/en/latest/spec.html
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rtml.asof import asof
from rtml.captures.sensors.clock import is_plausible
from rtml.captures.sensors.contract import Reading, Sensor, Written
from rtml.captures.sensors.sysflow.entities import (
    containers,
    declared,
    files,
    host_of,
    known_containers,
    oid,
    processes,
)
from rtml.captures.sensors.sysflow.kinds import described
from rtml.captures.sensors.sysflow.records import AVRO, Records, read_records
from rtml.captures.sensors.sysflow.schema import EVENTS, OPERATIONS
from rtml.schema import KINDS, POLARS

__all__ = ["SENSOR", "read"]

_UTC = pl.Datetime("ns", "UTC")
_PID_END = 1 << 31
_OF_PROCESS = [
    "process_id",
    "index",
    "parent_id",
    "container_id",
    "ppid",
    "started",
    "exe",
    "cmdline",
    "uid",
    "tty",
    "cwd",
]


def read(path: Path) -> Reading:
    """Read one SysFlow file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Events in the order of the file, `Reading.processes` with every declared process. A header
    alone gives no events. Records with an impossible time or pid are rejects, records that refer
    to an undeclared process keep their pid and nulls.

    Raises
    ------
    RtmlError
        No such file, an empty one, or one of another format.
    """
    records = read_records(path)
    host = host_of(records)
    rows = _rows(records)
    good = is_plausible(pl.col("ts")) & pl.col("hpid").is_between(0, _PID_END, closed="left")
    records.rejected += _impossible(rows.filter(~good.fill_null(False)))
    claimed = records.claimed - (rows.height - rows.filter(good).height)
    process_records = declared(records, host)
    identity = containers(records)
    return Reading(
        events=_events(rows.filter(good), records, host, process_records, identity),
        rejects=records.rejects().sort("line"),
        records=claimed,
        containers=known_containers(identity, process_records),
        version=_version(records),
        processes=processes(process_records),
    )


def _rows(records: Records) -> pl.DataFrame:
    """Put the event records of all types into one frame, in the order of the file."""
    parts = [records.frame(kind).with_columns(record=pl.lit(kind)) for kind in EVENTS]
    rows = pl.concat(parts, how="diagonal").sort("index")
    return rows.with_columns(hpid=pl.col("procOID").struct.field("hpid"))


def _impossible(rows: pl.DataFrame) -> list[tuple[int, str, str]]:
    reason = (
        pl.when(~is_plausible(pl.col("ts")))
        .then(pl.format("time {} ns is not between 1970 and 2200", pl.col("ts").fill_null(0)))
        .otherwise(pl.format("pid {} is impossible", pl.col("hpid").fill_null(-1)))
    )
    return rows.select("index", reason.alias("reason"), "record").rows()


def _events(
    rows: pl.DataFrame, records: Records, host: str, process_records: pl.DataFrame, identity: pl.DataFrame
) -> pl.DataFrame:
    """Resolve ids, then describe each record in the columns of the event table."""
    named = rows.with_columns(process_id=oid(rows, "procOID", host))
    owned = asof(named, process_records.select(_OF_PROCESS), on="index", by="process_id")
    placed = owned.join(identity, on="container_id", how="left", maintain_order="left")
    events = described(_with_files(_with_children(placed, process_records), files(records)))
    complete = events.with_columns(
        time=pl.col("ts").cast(_UTC),
        seq="index",
        pid=pl.col("hpid").cast(pl.Int32),
        host=pl.lit(host),
        sensor=pl.lit("sysflow"),
    )
    return complete.select(name for name in POLARS if name in complete.columns)


def _with_files(rows: pl.DataFrame, paths: pl.DataFrame) -> pl.DataFrame:
    there = paths.select(newFileOID="oid", path_to="path")
    return rows.join(paths.rename({"oid": "fileOID"}), on="fileOID", how="left", maintain_order="left").join(
        there, on="newFileOID", how="left", maintain_order="left"
    )


def _with_children(rows: pl.DataFrame, process_records: pl.DataFrame) -> pl.DataFrame:
    """Add ``target_id`` where the pid that a clone returned is a declared child of the caller.

    In a container the returned pid counts in the container's own pid namespace; it then names no
    process of this host and stays null. Lineage needs neither: each process names its parent.
    """
    children = process_records.filter(pl.col("parent_id").is_not_null()).select(
        process_id="parent_id", ret=pl.col("pid").cast(pl.Int64), target_id="process_id"
    )
    once = children.unique(["process_id", "ret"], keep="last", maintain_order=True)
    return rows.join(once, on=["process_id", "ret"], how="left", maintain_order="left")


def _version(records: Records) -> str | None:
    versions = records.frame("SFHeader")["version"].drop_nulls()
    return f"schema {versions[0]}" if len(versions) else None


SENSOR = Sensor(
    name="sysflow",
    read=read,
    blind=frozenset(KINDS) - {kind for *_, kind in OPERATIONS} - {"fork"},
    identified=True,
    signature=lambda head: head.startswith(AVRO),
    written=Written("binary", aggregates=True),
)
"""SysFlow files; it cannot see bind, listen, dns, ptrace, chmod, mount, modules and the like."""
