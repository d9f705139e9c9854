"""Falco's priorities as levels of rules."""

from __future__ import annotations

__all__ = ["level_of"]

_LEVELS = {
    "emergency": "critical",
    "alert": "critical",
    "critical": "critical",
    "error": "high",
    "warning": "medium",
    "notice": "low",
    "informational": "informational",
    "info": "informational",
    "debug": "informational",
}


def level_of(priority: str) -> str:
    """Return the level; ``low`` for a priority that Falco does not know.

    Examples
    --------
    >>> level_of("WARNING"), level_of("?")
    ('medium', 'low')
    """
    return _LEVELS.get(priority.lower(), "low")
