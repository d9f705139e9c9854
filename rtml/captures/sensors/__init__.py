"""Sensor formats. Registration: one import and one entry of `SENSORS`."""

from __future__ import annotations

from rtml.captures.sensors import beth, bpftrace, k8s_audit, sysflow
from rtml.captures.sensors.contract import CONTAINERS, REJECTS, Lost, Reading, Sensor

__all__ = ["CONTAINERS", "REJECTS", "SENSORS", "Lost", "Reading", "Sensor"]

SENSORS: dict[str, Sensor] = {
    sensor.name: sensor
    for sensor in (beth.SENSOR, bpftrace.SENSOR, k8s_audit.SENSOR, sysflow.SENSOR)
}
"""Every registered sensor by its name on the command line."""
