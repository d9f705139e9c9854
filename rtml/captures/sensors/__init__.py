"""Sensor formats. Registration: one entry of `SENSORS`, or an entry point of ``rtml.sensors``."""

from __future__ import annotations

from rtml import registered
from rtml.captures.sensors.contract import CONTAINERS, Lines, Lost, Reading, Sensor, Written
from rtml.registry import Registry

__all__ = ["CONTAINERS", "SENSORS", "Lines", "Lost", "Reading", "Sensor", "Written"]

SENSORS: Registry[Sensor] = Registry(
    "sensor", "rtml.sensors", registered.SENSORS, lambda value: isinstance(value, Sensor)
)
"""Every registered sensor by its name on the command line."""
