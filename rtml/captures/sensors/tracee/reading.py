"""Tracee (JSON): one event per record, of each form that its versions write, told by its keys.

To v0.12 names of containers and pods stand on top, to v0.24 in ``container`` and ``kubernetes``, then in
``workload`` (``v1beta1``; as the code writes it, its documentation shows another form). Pids are those of
the host. Processes are known by Tracee's own number where it writes one, else by pid. Results are those of
system calls; hooks, packets and detections have none. A time since the machine's start (``relative-time``,
and of the oldest versions) is no time: refused.

Fails where several nodes write into one file: Tracee does not name the node of what happens in a container.
Not mapped: environment, stacks, capabilities, the body of HTTP, the chain of ``detected_from``.

References
----------
https://github.com/aquasecurity/tracee/blob/main/api/v1beta1/event_json.go
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rtml.captures.sensors.contract import Reading, Sensor, Written
from rtml.captures.sensors.records import Format, read_records
from rtml.captures.sensors.signature import has_keys
from rtml.captures.sensors.tracee.calls import KINDS_OF_TRACEE
from rtml.captures.sensors.tracee.events import containers_of, events_of
from rtml.captures.sensors.tracee.fields import GENERATIONS
from rtml.captures.sensors.tracee.processes import ancestors_of, on_one_node
from rtml.schema import KINDS

__all__ = ["SENSOR", "TRACEE", "read"]

TRACEE = Format(
    name="tracee",
    what="a log of Tracee (JSON lines)",
    writers=("tracee",),
    generations=GENERATIONS,
    claims=pl.col("call").is_not_null() & pl.col("mark").is_not_null() & pl.col("host_pid").is_not_null(),
    needs=("call", "mark", "host_pid"),
    events=events_of,
    processes=ancestors_of,
    containers=containers_of,
)


def read(path: Path) -> Reading:
    """Read one file of Tracee's JSON output (`rtml.captures.sensors.records.read_records`)."""
    return read_records(path, TRACEE)


def _signature(head: bytes) -> bool:
    old = has_keys(head, "eventName") and (has_keys(head, "hostProcessId") or has_keys(head, "hostProcessID"))
    new = has_keys(head, "name", "id", "workload", "host_pid")
    return old or new


SENSOR = Sensor(
    name="tracee",
    read=read,
    blind=frozenset(KINDS) - set(KINDS_OF_TRACEE.values()) - {"syscall"},
    signature=_signature,
    together=on_one_node,
    written=Written(alone=False),
)
