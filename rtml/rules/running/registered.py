"""The detectors that see events instead of windows."""

from __future__ import annotations

from rtml.rules.running.detector import RuleDetector
from rtml.rules.running.event_detector import EventDetector
from rtml.rules.running.first_seen import FirstSeen

__all__ = ["EVENT_DETECTORS"]

EVENT_DETECTORS: dict[str, type[EventDetector]] = {"first_seen": FirstSeen, "rules": RuleDetector}
"""Every detector that sees events, by name."""
