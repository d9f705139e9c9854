"""Tetragon (JSON export): one event per record, of its process, parent and ancestors.

Types of records are told by their key; a collector may wrap them (``{time, node_name, type, payload}``),
and older ones have no time of their own: of an exec it is then the process's start. A process that ran
before the sensor (``procFS``) is known and did nothing. ``arguments`` is one text: where words end is not
known. ``aggregation_info.count`` is ``count``. Rate limits and throttles are losses; a throttle does not
count. What Tetragon's Helm values leave out by default (events of the host's processes, of ``kube-system``)
is not in the file and cannot be counted.

Processes: see `rtml.captures.sensors.tetragon.processes`.

References
----------
https://tetragon.io/docs/reference/grpc-api/
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rtml.captures.sensors.calls import KIND_OF
from rtml.captures.sensors.contract import Lines, Lost, Reading, Sensor, Written
from rtml.captures.sensors.records import Format, read_records
from rtml.captures.sensors.records.values import integer
from rtml.captures.sensors.signature import has_keys
from rtml.captures.sensors.tetragon.events import containers_of, events_of
from rtml.captures.sensors.tetragon.fields import GENERATIONS, TYPES, typed
from rtml.captures.sensors.tetragon.processes import images_of, one_process_each
from rtml.schema import KINDS

__all__ = ["SENSOR", "TETRAGON", "read"]


def losses_of(rows: pl.DataFrame) -> list[Lost]:
    """Return what rate limits dropped; a throttle says that something was, not how much."""
    dropped = integer(pl.col("number_of_dropped_process_events"))
    counted = pl.when(dropped.is_between(0, 1 << 53)).then(dropped).fill_null(0)
    return [Lost(**row) for row in rows.select("host", start="time", end="time", count=counted).to_dicts()]


TETRAGON = Format(
    name="tetragon",
    what="an export of Tetragon (JSON lines)",
    writers=("tetragon", "export-stdout"),
    generations=GENERATIONS,
    claims=pl.col("@type").str.to_lowercase().is_in(TYPES),
    events=events_of,
    lost=losses_of,
    rewrite=typed,
    processes=images_of,
    containers=containers_of,
)


def read(path: Path) -> Reading:
    """Read one file of Tetragon's export; its images become processes by `Sensor.together`."""
    return read_records(path, TETRAGON)


def _signature(head: bytes) -> bool:
    kinds = [kind for kind in TYPES if kind.startswith("process_")]
    has_process = any(has_keys(head, kind) for kind in kinds) and has_keys(head, "process")
    wrapped = has_keys(head, "payload", "exec_id") and has_keys(head, "process")
    return has_process or wrapped or has_keys(head, "rate_limit_info", "node_name")


SENSOR = Sensor(
    name="tetragon",
    read=read,
    blind=frozenset(KINDS) - set(KIND_OF.values()) - {"syscall", "mmap_exec", "write", "dns"},
    identified=True,
    signature=_signature,
    together=one_process_each,
    lines=Lines(),
    written=Written(aggregates=True),
)
