"""Alert formats of other engines.

Registration: one entry of `FORMATS`, or an entry point of ``rtml.formats`` in somebody else's package.
"""

from __future__ import annotations

from rtml import registered
from rtml.findings.formats.contract import Alert, Format, Lost, Reject, alert, nested, text, whole
from rtml.registry import Registry

__all__ = ["FORMATS", "Alert", "Format", "Lost", "Reject", "alert", "nested", "text", "whole"]

FORMATS: Registry[Format] = Registry(
    "alert format", "rtml.formats", registered.ALERTS, lambda value: isinstance(value, Format)
)
"""Formats of one alert by the engine that wrote it."""
