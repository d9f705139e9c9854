"""A toy alert format: ``{"alarm": "Shell", "at": "2026-01-01T00:00:00Z", "in": "web-1", "grade": 2}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rtml.findings.formats import Alert, Format, Reject, alert

__all__ = ["EXAMPLE", "read"]

_LEVELS = {1: "low", 2: "medium", 3: "high"}


def read(record: Mapping[str, Any]) -> Alert:
    """Read one alarm.

    Examples
    --------
    >>> read({"alarm": "Shell", "at": "2026-01-01T00:00:00Z", "in": "web-1", "grade": 3})["level"]
    'high'
    """
    grade = record.get("grade")
    if "alarm" not in record or not isinstance(grade, int):
        raise Reject("no alarm, or no grade")
    return alert(record["alarm"], record.get("at"), _LEVELS.get(grade, "low"), container_id=record.get("in"))


EXAMPLE = Format("example", read)
"""Registered by the entry point ``example`` of ``rtml.formats``."""
