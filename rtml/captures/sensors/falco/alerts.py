"""Alerts of Falco as JSON records."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rtml.captures.sensors.contract import Reading
from rtml.captures.sensors.falco.cutting import together
from rtml.captures.sensors.falco.events import containers_of, events_of, processes_of
from rtml.captures.sensors.falco.fields import FIELDS, FLAT, WITHOUT_DOTS
from rtml.captures.sensors.falco.losses import losses_of
from rtml.captures.sensors.records import Format, read_records

__all__ = ["FALCO", "alerts"]

FALCO = Format(
    name="falco",
    what="a log of Falco (JSON lines)",
    writers=("falco",),
    generations=(FIELDS, WITHOUT_DOTS),
    claims=pl.all_horizontal(
        pl.col("rule", "priority").is_not_null(), pl.col(*(f"flat.{name}" for name in FLAT)).is_null()
    ),
    events=events_of,
    lost=losses_of,
    processes=processes_of,
    containers=containers_of,
    cut=together,
    host="hostname",
)


def alerts(path: Path) -> Reading:
    """Read one file of Falco's JSON output (`rtml.captures.sensors.records.read_records`)."""
    return read_records(path, FALCO)
