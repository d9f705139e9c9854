"""Levels of a rule, what they are worth, and the words of other engines for them."""

from __future__ import annotations

__all__ = ["BANDS", "LEVELS", "WEIGHTS", "level_name", "level_of"]

LEVELS: dict[str, float] = {"informational": 1.0, "low": 2.0, "medium": 5.0, "high": 8.0, "critical": 9.0}
"""Severity (0-10) of a match by the rule's level, each in its band of `BANDS`."""

BANDS: dict[str, float] = {"critical": 9.0, "high": 7.0, "medium": 4.0, "low": 1.0}
"""Where GuardDuty's bands begin, and Security Hub's (times ten); `level_name` says what lies below."""

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


def level_name(severity: float) -> str:
    """Return the level of a severity of 0 to 10, by `BANDS`.

    GuardDuty's low begins at 1.0, which is what a match by an informational rule is worth: so 1.0 itself, and
    what is below, is ``informational``, a level that GuardDuty does not have.

    Examples
    --------
    >>> level_name(0.0), level_name(1.0), level_name(3.9), level_name(6.9), level_name(7.0), level_name(9.0)
    ('informational', 'informational', 'low', 'medium', 'high', 'critical')
    >>> [name for name, severity in LEVELS.items() if level_name(severity) != name]
    []
    """
    if severity <= LEVELS["informational"]:
        return "informational"
    return next(name for name, least in BANDS.items() if severity >= least)


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
