"""Falco (JSON lines): an event per alert, of whatever rule it is.

With ``deploy/falco-rtml.yaml`` every system call of a list is an alert of one rule, with everything that a
capture holds. An alert of any other rule is an event of the call that it is about (``evt.type``), with the
fields that its output has; without ``evt.type`` its kind is ``syscall``. One call that several rules hit is
one event. Alerts of plugins (``k8s_audit``, clouds) are about no system call: left out, and counted. What
Falco says of itself is the account of losses (`falco.losses`), or counted and left out. Log text between
the lines is refused by name. A container that is named without its id is the one of its host that others
give these names (`rtml.captures.stand_ins`). A capture that Falco wrote (``.scap``) is read as sysdig's.

Fails where a child's number is asked for inside another pid namespace: Falco reports what the call returned
there, so a fork in a container names no child; ``proc.pid.ts`` and ``proc.ppid.ts`` tell lineage instead.

References
----------
https://falco.org/docs/reference/rules/supported-fields/
"""

from __future__ import annotations

from pathlib import Path

from rtml.captures.sensors.calls import KIND_OF
from rtml.captures.sensors.contract import Lines, Reading, Sensor
from rtml.captures.sensors.declared import before_their_exec
from rtml.captures.sensors.falco.alerts import alerts
from rtml.captures.sensors.falco.cutting import together
from rtml.captures.sensors.signature import has_keys
from rtml.captures.sensors.sysdig.reading import read as of_sysdig
from rtml.captures.sensors.sysdig.scap import is_scap_file
from rtml.schema import KINDS

__all__ = ["SENSOR", "read"]


def read(path: Path) -> Reading:
    """Read one file of Falco's JSON output, or one capture of system calls (``.scap``)."""
    return of_sysdig(path) if is_scap_file(path) else alerts(path)


def _signature(head: bytes) -> bool:
    """Alerts have their fields, if Falco is not told to leave them out (or is of 2017)."""
    known = has_keys(head, "rule", "priority")
    return known and (has_keys(head, "output_fields") or has_keys(head, "output", "time"))


SENSOR = Sensor(
    name="falco",
    read=read,
    blind=frozenset(KINDS) - set(KIND_OF.values()) - {"syscall"},
    signature=_signature,
    together=before_their_exec,
    lines=Lines(cut=together),
)
