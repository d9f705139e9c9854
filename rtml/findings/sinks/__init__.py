"""Where findings are sent. Registration: one entry of `SINKS`, or an entry point of ``rtml.sinks``."""

from __future__ import annotations

from rtml import registered
from rtml.findings.sinks.contract import Deliver, Sink, Undelivered, secret
from rtml.registry import Registry

__all__ = ["SINKS", "Deliver", "Sink", "Undelivered", "secret"]

SINKS: Registry[Sink] = Registry(
    "sink", "rtml.sinks", registered.SINKS, lambda value: isinstance(value, Sink)
)
"""Sinks by the name before the target."""
