"""Kubescape's node-agent (JSON): an event per alert, of what its rule noticed.

What an alert is about is told by its rule and its arguments; a rule that is not known, by its arguments
alone. The tree of processes in each alert is lineage, also of those that did nothing else. Parts of an alert
may be objects or texts of objects, as pipelines store them. Alerts as Alertmanager has them (posted to it,
listed by it, in its webhooks) tell rule, container and process in labels, and in a sentence what was done;
alerts of other makers, and notices that one is over, are beside. Alerts are what a learned profile did not
hold: a capture of them is not what a workload does, only what was new to the agent.

Fails where a pid is used again in a container and the agent does not know when processes started
(``0001-01-01``): both are then one. Alertmanager says again what goes on: each notice is an event, and none
has the program's path but in the sentence. The severity, the profile and the cloud account are not mapped.
What the agent posts over HTTP is read (`rtml.reading.wrapped_lists`), its tables and its syslog too
(`rtml.captures.sensors.kubescape.exported`).

References
----------
https://kubescape.io/docs/operator/runtime-threat-detection/
"""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from rtml.captures.sensors.calls import KIND_OF
from rtml.captures.sensors.contract import Reading, Sensor, Written
from rtml.captures.sensors.kubescape.events import events_of, losses_of, processes_of
from rtml.captures.sensors.kubescape.exported import exported, is_exported
from rtml.captures.sensors.kubescape.fields import FIELDS
from rtml.captures.sensors.kubescape.labels import LABELLED
from rtml.captures.sensors.kubescape.nodes import on_its_node
from rtml.captures.sensors.records import Format, read_records
from rtml.captures.sensors.records.tables import tables
from rtml.captures.sensors.signature import has_keys
from rtml.reading.content import first_bytes
from rtml.schema import KINDS

__all__ = ["KUBESCAPE", "SENSOR", "read"]

_LABELLED = re.compile(rb'"alertname\\*"\s*:\s*\\*"Kubescape')

KUBESCAPE = Format(
    name="kubescape",
    what="a log of alerts of Kubescape's node-agent (JSON lines)",
    writers=("kubescape", "node-agent"),
    generations=(FIELDS, LABELLED),
    claims=pl.col("rule").is_not_null() & pl.col("base").is_not_null(),
    events=events_of,
    lost=losses_of,
    processes=processes_of,
)


def read(path: Path) -> Reading:
    """Read one file of alerts (`rtml.captures.sensors.records.read_records`)."""
    source = exported if is_exported(first_bytes(path)) else tables
    return read_records(path, KUBESCAPE, source)


def _signature(head: bytes) -> bool:
    return (
        is_exported(head)
        or has_keys(head, "RuleID", "BaseRuntimeMetadata")
        or _LABELLED.search(head) is not None
    )


SENSOR = Sensor(
    name="kubescape",
    read=read,
    blind=frozenset(KINDS) - set(KIND_OF.values()) - {"syscall", "dns"},
    signature=_signature,
    together=on_its_node,
    written=Written(alone=False),
)
