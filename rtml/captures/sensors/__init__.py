"""Sensor formats. Registration: one import and one entry of `SENSORS`."""

from __future__ import annotations

from rtml.captures.sensors.beth import reading as beth
from rtml.captures.sensors.bpftrace import reading as bpftrace
from rtml.captures.sensors.contract import CONTAINERS, Lost, Reading, Sensor
from rtml.captures.sensors.k8s_audit import reading as k8s_audit
from rtml.captures.sensors.sysflow import reading as sysflow

__all__ = ["CONTAINERS", "SENSORS", "Lost", "Reading", "Sensor"]

SENSORS: dict[str, Sensor] = {
    sensor.name: sensor for sensor in (beth.SENSOR, bpftrace.SENSOR, k8s_audit.SENSOR, sysflow.SENSOR)
}
"""Every registered sensor by its name on the command line."""
