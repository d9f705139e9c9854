"""Levels of a rule, what they are worth, and the words of other engines for them."""

from __future__ import annotations

__all__ = ["LEVELS", "WEIGHTS", "level_of"]

LEVELS: dict[str, float] = {"informational": 1.0, "low": 2.0, "medium": 5.0, "high": 8.0, "critical": 9.0}
"""Severity (0-10) of a match by the rule's level, in GuardDuty's bands."""

WEIGHTS: dict[str, float] = {"informational": 0.05, "low": 0.2, "medium": 0.5, "high": 0.8, "critical": 1.0}
"""Score (0-1) of a container window by the highest level that matched in it."""

_WORDS = {
    **{level: level for level in LEVELS},
    **{str(number): level for number, level in enumerate(LEVELS)},
    "emergency": "critical",
    "alert": "critical",
    "error": "high",
    "warning": "medium",
    "notice": "low",
    "info": "informational",
    "debug": "informational",
}


def level_of(word: str) -> str:
    """Return the level that a priority of Falco, a severity of Tracee or a level of Sigma means.

    Returns
    -------
    A key of `LEVELS`; ``low`` for a word that none of them knows. Case does not matter.

    Examples
    --------
    >>> level_of("WARNING"), level_of("3"), level_of("high"), level_of("?")
    ('medium', 'high', 'high', 'low')
    """
    return _WORDS.get(word.lower(), "low")
