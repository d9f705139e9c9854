"""KubeArmor (JSON): one event per log or alert, of containers and hosts.

What was called stands in a text (``Data``), what it was about in another (``Resource``): of an exec the
command, of a file its path, of a connection its address. A log of a policy that blocked says so by its
result; whom the policy belongs to, its severity and its tags are not mapped. A name of the DNS is what was
asked for (``UDP_SENDMSG``). Logs of 2021 name the call in the place of the resource, or nowhere. Pids are
those of the host. When KubeArmor begins to throttle it says so, not how much is lost: a loss of unknown
count.

Fails where KubeArmor does not say when (some telemetry has no time): refused. Parents are known by pid, when
they did something themselves.

References
----------
https://docs.kubearmor.io/kubearmor/documentation/kubearmor-events
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from rtml.captures.sensors.calls import KIND_OF
from rtml.captures.sensors.contract import Lines, Lost, Reading, Sensor
from rtml.captures.sensors.kubearmor.events import events_of
from rtml.captures.sensors.kubearmor.fields import GENERATIONS, TYPES
from rtml.captures.sensors.records import Format, read_records
from rtml.captures.sensors.signature import has_keys
from rtml.schema import KINDS

__all__ = ["KUBEARMOR", "SENSOR", "read"]


def losses_of(rows: pl.DataFrame) -> Sequence[Lost]:
    """Return that something was left out; how much KubeArmor does not count."""
    moments = rows.select("host", start="time", end="time", count=pl.lit(0))
    return [Lost(**row) for row in moments.to_dicts()]


KUBEARMOR = Format(
    name="kubearmor",
    what="a log of KubeArmor (JSON lines)",
    writers=("kubearmor",),
    generations=GENERATIONS,
    claims=pl.col("Type").is_in(TYPES) & pl.col("Operation").is_not_null(),
    events=events_of,
    lost=losses_of,
    host="HostName",
)


def read(path: Path) -> Reading:
    """Read one file of KubeArmor's logs (`rtml.captures.sensors.records.read_records`)."""
    return read_records(path, KUBEARMOR)


def _signature(head: bytes) -> bool:
    newer = has_keys(head, "Operation", "HostName", "Type") and (
        has_keys(head, "HostPID") or has_keys(head, "ProcessName")
    )
    older = has_keys(head, "operation", "hostName", "type", "hostPid")
    return newer or older


SENSOR = Sensor(
    name="kubearmor",
    read=read,
    blind=frozenset(KINDS) - set(KIND_OF.values()) - {"syscall", "dns"},
    signature=_signature,
    lines=Lines(),
)
