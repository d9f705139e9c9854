"""sysdig (``sysdig -j``): an event per call, in whatever fields ``-p`` asked for.

A call is two lines, its enter (``evt.dir`` ``>``) and its exit (``<``): the exit is the event, an enter
without one too. What is no call (``switch``, ``container``, ``signaldeliver`` …) is counted and left out.
The fields are Falco's, without a rule and an alert around them. ``-p '*%evt.num %evt.rawtime %evt.dir
%evt.type %evt.args %evt.rawres %proc.pid %proc.ppid %proc.exepath …'`` tells most; sysdig's own choice has no
``proc.pid``: the thread then stands for its process; files and ends of connections are told by its
``evt.info`` (`info`), of an end that does not say by its enter's (`enters`). Without ``proc.exepath`` the
program is what it calls itself (``proc.exe``), which can be forged. The host has no name in the file but by
``evt.hostname``. A capture (``.scap``) is read by the ``sysdig`` that is installed (`scap.read_scap`).

References
----------
https://github.com/draios/sysdig/wiki/sysdig-user-guide
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rtml.captures.sensors.calls import KIND_OF
from rtml.captures.sensors.contract import Reading, Sensor, Written
from rtml.captures.sensors.declared import before_their_exec
from rtml.captures.sensors.falco.alerts import alerts
from rtml.captures.sensors.falco.events import containers_of, processes_of
from rtml.captures.sensors.records import Format, read_records
from rtml.captures.sensors.signature import has_keys
from rtml.captures.sensors.sysdig.events import FIELDS, events_of
from rtml.captures.sensors.sysdig.scap import is_scap, is_scap_file, read_scap
from rtml.schema import KINDS

__all__ = ["SENSOR", "SYSDIG", "read"]

SYSDIG = Format(
    name="sysdig",
    what="output of sysdig -j (JSON lines)",
    writers=("sysdig", "falco"),
    generations=(FIELDS,),
    claims=pl.col("evt.num").is_not_null() & pl.col("evt.type").is_not_null(),
    events=events_of,
    processes=processes_of,
    containers=containers_of,
)


def read(path: Path) -> Reading:
    """Read one file of ``sysdig -j`` (`rtml.captures.sensors.records.read_records`), or one capture."""
    if is_scap_file(path):
        return read_scap(path, read, alerts)
    return read_records(path, SYSDIG)


SENSOR = Sensor(
    name="sysdig",
    read=read,
    blind=frozenset(KINDS) - set(KIND_OF.values()) - {"syscall"},
    signature=lambda head: (
        is_scap(head) or (has_keys(head, "evt.num", "evt.type") and not has_keys(head, "output_fields"))
    ),
    together=before_their_exec,
    written=Written(alone=False),
)
