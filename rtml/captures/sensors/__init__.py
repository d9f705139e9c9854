"""Sensor formats. Registration: one entry of `SENSORS`, or an entry point of ``rtml.sensors``."""

from __future__ import annotations

from rtml.captures.sensors.contract import CONTAINERS, Lost, Reading, Sensor
from rtml.registry import Registry

__all__ = ["CONTAINERS", "SENSORS", "Lost", "Reading", "Sensor"]

SENSORS: Registry[Sensor] = Registry(
    "sensor",
    "rtml.sensors",
    {
        "beth": "rtml.captures.sensors.beth.reading:SENSOR",
        "bpftrace": "rtml.captures.sensors.bpftrace.reading:SENSOR",
        "k8s-audit": "rtml.captures.sensors.k8s_audit.reading:SENSOR",
        "sysflow": "rtml.captures.sensors.sysflow.reading:SENSOR",
    },
    lambda thing: isinstance(thing, Sensor),
)
"""Every registered sensor by its name on the command line."""
