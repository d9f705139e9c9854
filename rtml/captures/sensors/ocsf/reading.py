"""OCSF, 1.0.0-rc.2 to 1.8: JSON lines of any product, and the Parquet of Amazon Security Lake.

Process (1007), file (1001), network (4001), DNS (4003), module (1005) and kernel extension (1002) activity
are events; records of other classes (findings, API calls) are counted and left out. Containers are those of
the container profile, wherever it stands. Rows of VPC flow logs and of Route 53 are seen by the network, and
name neither process nor container: destination features hold for the interface or the instance that stands in
its place (`ocsf.places`); flows are windows of up to ten minutes, so features of timing do not hold.

``unmapped`` is not read. OCSF does not say for what a file was opened: of the activities, Read and Open wrote
nothing, Create and Update did.

References
----------
https://schema.ocsf.io
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rtml.captures.sensors.contract import Lines, Reading, Sensor
from rtml.captures.sensors.declared import before_their_exec
from rtml.captures.sensors.ocsf.activities import CLASSES
from rtml.captures.sensors.ocsf.events import events_of, processes_of
from rtml.captures.sensors.ocsf.fields import DOTTED, FIELDS, NESTED
from rtml.captures.sensors.records import Format, read_records
from rtml.captures.sensors.records.parquet import parquet_tables
from rtml.captures.sensors.records.tables import tables
from rtml.captures.sensors.signature import has_keys
from rtml.reading.content import first_bytes
from rtml.reading.parquet import is_parquet
from rtml.schema import KINDS

__all__ = ["OCSF", "SENSOR", "read"]

OCSF = Format(
    name="ocsf",
    what="OCSF (JSON lines or Parquet)",
    generations=(FIELDS, DOTTED),
    claims=pl.col("class_uid").is_not_null()
    & pl.any_horizontal(pl.col("activity_id", "metadata/version", "metadata/product/name").is_not_null())
    & ((pl.col("generation") == 1) | pl.any_horizontal(pl.col(NESTED).is_not_null())),
    events=events_of,
    processes=processes_of,
)


def read(path: Path) -> Reading:
    """Read one file of OCSF, of JSON or Parquet (`rtml.captures.sensors.records.read_records`)."""
    return read_records(path, OCSF, parquet_tables if is_parquet(first_bytes(path, 8)) else tables)


_SEEN = {kind for kinds in CLASSES.values() for kind in kinds.values()}

SENSOR = Sensor(
    name="ocsf",
    read=read,
    blind=frozenset(KINDS) - _SEEN - {"accept", "syscall"},
    signature=lambda head: (
        has_keys(head, "class_uid", "activity_id") and (has_keys(head, "metadata") or has_keys(head, "time"))
    ),
    together=before_their_exec,
    lines=Lines(),
)
