"""Inspektor Gadget (``-o json``): a file per gadget, whose name the file has (``trace_exec-node.jsonl``).

The gadget is not in the line; without it in the file's name each line's keys tell it where they can, else the
event is of kind ``syscall``. Both shapes are read, flat and nested (``proc``, ``k8s``, ``runtime``), and of
a field with a ``_raw`` twin the number. ``args`` may be one text: where words end is then not known. A
container without an id is known by its mount namespace.

A line without a time cannot be placed and is refused; so is one whose time counts from the machine's start
(gadgets before 0.31 without a formatter): ask for ``timestamp``. Gadgets leave failed execs out unless
``--ignore-failed=false`` is given, and say nothing of what they lost.

References
----------
https://inspektor-gadget.io/docs/latest/gadgets/
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from rtml.captures.sensors.contract import Reading, Sensor
from rtml.captures.sensors.inspektor_gadget.events import events_of
from rtml.captures.sensors.inspektor_gadget.fields import FIELDS
from rtml.captures.sensors.inspektor_gadget.gadgets import named_gadget
from rtml.captures.sensors.records import Format, read_records
from rtml.captures.sensors.signature import has_keys
from rtml.schema import KINDS

__all__ = ["GADGET", "SENSOR", "read"]

GADGET = Format(
    name="inspektor-gadget",
    what="output of Inspektor Gadget (JSON lines)",
    writers=("gadget",),
    generations=(FIELDS,),
    host="node",
    claims=pl.any_horizontal(
        pl.col("mountnsid", "mntns_id", "mntns", "proc/mntns_id", "proc/pid").is_not_null(),
        pl.col("comm").is_not_null() & pl.col("pid").is_not_null(),
        pl.col("qr").is_not_null() & pl.col("qtype").is_not_null(),  # of the host's network, by no process
    ),
    events=lambda rows: events_of(rows, None),
)


def read(path: Path) -> Reading:
    """Read one file of a gadget (`rtml.captures.sensors.records.read_records`)."""
    gadget = named_gadget(path.name)
    return read_records(path, replace(GADGET, events=lambda rows: events_of(rows, gadget)))


def _signature(head: bytes) -> bool:
    flat = any(has_keys(head, key) for key in ("mountnsid", "mntns_id"))
    nested = has_keys(head, "proc", "comm") and (has_keys(head, "k8s") or has_keys(head, "runtime"))
    return flat or nested


_SEEN = {"exec", "open", "connect", "accept", "bind", "dns", "kill", "mount", "syscall"}

SENSOR = Sensor(name="inspektor-gadget", read=read, blind=frozenset(KINDS) - _SEEN, signature=_signature)
