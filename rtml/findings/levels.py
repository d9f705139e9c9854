"""Levels of a rule, and what they are worth: severity and weight."""

from __future__ import annotations

__all__ = ["LEVELS", "WEIGHTS"]

LEVELS: dict[str, float] = {"informational": 1.0, "low": 2.0, "medium": 5.0, "high": 8.0, "critical": 9.0}
"""Severity (0-10) of a match by the rule's level, in GuardDuty's bands."""

WEIGHTS: dict[str, float] = {"informational": 0.05, "low": 0.2, "medium": 0.5, "high": 0.8, "critical": 1.0}
"""Score (0-1) of a container window by the highest level that matched in it."""
