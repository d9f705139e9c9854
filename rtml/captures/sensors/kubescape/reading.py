"""Kubescape's node-agent (JSON): an event per alert, of what its rule noticed.

What an alert is about is told by its rule and its arguments; a rule that is not known, by its arguments
alone. The tree of processes in each alert is lineage, also of those that did nothing else. Parts of an alert
may be objects or texts of objects, as pipelines store them. Alerts are what a learned profile did not hold:
a capture of them is not what a workload does, only what was new to the agent.

Fails where a pid is used again in a container and the agent does not know when processes started
(``0001-01-01``): both are then one. The severity, the profile and the cloud account are not mapped; nor are
alerts as the agent sends them over HTTP or to Alertmanager.

References
----------
https://kubescape.io/docs/operator/runtime-threat-detection/
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from rtml.captures.sensors.calls import KIND_OF
from rtml.captures.sensors.contract import Reading, Sensor
from rtml.captures.sensors.declared import before_their_exec
from rtml.captures.sensors.kubescape.events import events_of, processes_of
from rtml.captures.sensors.kubescape.fields import FIELDS
from rtml.captures.sensors.records import Format, read_records
from rtml.captures.sensors.records.signature import has_keys
from rtml.schema import KINDS

__all__ = ["KUBESCAPE", "SENSOR", "on_its_node", "read"]

_UNKNOWN = "unknown"

KUBESCAPE = Format(
    name="kubescape",
    what="a log of alerts of Kubescape's node-agent (JSON lines)",
    generations=(FIELDS,),
    claims=pl.col("rule").is_not_null() & pl.col("base").is_not_null(),
    events=events_of,
    processes=processes_of,
)


def read(path: Path) -> Reading:
    """Read one file of alerts (`rtml.captures.sensors.records.read_records`)."""
    return read_records(path, KUBESCAPE)


def on_its_node(readings: Sequence[Reading]) -> list[Reading]:
    """Give alerts that name no node the one that others of the same container name.

    Examples
    --------
    >>> events = pl.DataFrame({"container_id": ["c", "c", "d"], "host": ["unknown", "node", "unknown"],
    ...     "kind": "open", "process_id": 1})
    >>> on_its_node([Reading(events, pl.DataFrame(), 3)])[0].events["host"].to_list()
    ['node', 'node', 'unknown']
    """
    host = pl.col("host").cast(pl.String)
    told = [reading.events.select(pl.col("container_id").cast(pl.String), node=host) for reading in readings]
    named = pl.concat(told).drop_nulls().filter(pl.col("node") != _UNKNOWN) if told else pl.DataFrame()
    nodes = {}
    if named.height:
        each = (
            named.group_by("container_id").agg(pl.col("node").unique()).filter(pl.col("node").list.len() == 1)
        )
        nodes = dict(each.select("container_id", pl.col("node").list.first()).iter_rows())

    def _named(frame: pl.DataFrame) -> pl.DataFrame:
        known = (
            pl.col("container_id").cast(pl.String).replace_strict(nodes, default=None, return_dtype=pl.String)
        )
        return frame.with_columns(
            host=pl.when(host == _UNKNOWN).then(pl.coalesce(known, host)).otherwise(host)
        )

    return before_their_exec(
        [
            replace(
                r, events=_named(r.events), processes=None if r.processes is None else _named(r.processes)
            )
            for r in readings
        ]
    )


SENSOR = Sensor(
    name="kubescape",
    read=read,
    blind=frozenset(KINDS) - set(KIND_OF.values()) - {"syscall", "dns"},
    signature=lambda head: has_keys(head, "RuleID", "BaseRuntimeMetadata"),
    together=on_its_node,
)
