"""Captures of flows alone: which destinations are called is known, not which program called them."""

from __future__ import annotations

import polars as pl

from rtml.captures.joining import JoinedCapture
from rtml.captures.sensors import SENSORS, Sensor
from rtml.captures.store import Capture
from rtml.errors import RtmlError

__all__ = ["destinations_only", "sensors_of", "untimed"]

_NETWORK = {"connect", "accept", "bind", "listen", "dns"}


def sensors_of(capture: Capture) -> list[Sensor]:
    """Return the sensors of a capture, or of those that it joins; one that is not installed is left out."""
    parts = capture.parts if isinstance(capture, JoinedCapture) else (capture,)
    found = []
    for name in sorted({part.manifest.sensor for part in parts}):
        try:
            found.append(SENSORS[name])
        except (KeyError, RtmlError):
            continue
    return found


def destinations_only(capture: Capture) -> str | None:
    """Say that a capture supports features of destinations alone, and what its containers are; else None.

    So it is where only the network was seen and no record names a process.
    """
    kinds = {kind for kind, count in capture.manifest.kinds.items() if count}
    if not kinds or not kinds <= _NETWORK:
        return None
    if capture.events(["process_id"]).select(pl.col("process_id").is_not_null().any()).collect().item():
        return None
    instead = [f"{s.instead} stand in the place of containers" for s in sensors_of(capture) if s.instead]
    return "; ".join(["destination features only: no record names a process or a file", *instead])


def untimed(capture: Capture) -> str | None:
    """Say why the pace of events is not that of what happened; None where it is."""
    reasons = {sensor.untimed for sensor in sensors_of(capture) if sensor.untimed}
    return "; ".join(sorted(reasons)) or None
