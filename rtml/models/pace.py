"""How a stream goes: how long it waits, when it learns what alarmed, and how fast it forgets."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from rtml.errors import UsageError

__all__ = ["Duration", "Pace", "duration"]

Duration = str | dt.timedelta
"""What stands for a length of time: ``10m``, ``7d``, or a ``timedelta``."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_TEXT = re.compile(r"([0-9]{1,9})([smhd])")


def duration(length: Duration, what: str) -> dt.timedelta:
    """Return a length of time, 0 or more.

    Examples
    --------
    >>> duration("7d", "release") == dt.timedelta(weeks=1)
    True
    >>> duration("a week", "release")
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: release 'a week': write a whole number and s, m, h or d, like '10m'
    """
    if isinstance(length, dt.timedelta):
        if length < dt.timedelta():
            raise UsageError(f"{what} {length}: a length of time is 0 or more")
        return length
    match = _TEXT.fullmatch(length)
    if match is None or int(match[1]) * _UNITS[match[2]] > 10 * 366 * 86_400:
        raise UsageError(f"{what} {length!r}: write a whole number and s, m, h or d, like '10m'")
    return dt.timedelta(seconds=int(match[1]) * _UNITS[match[2]])


@dataclass(frozen=True)
class Pace:
    """How a stream goes.

    Parameters
    ----------
    hold
        How long what is new in one replica waits for others (`rtml.features.following`).
    release
        How long what alarmed is held back from learning, unless somebody dismisses it.
    half_life
        Time in which counts of the baseline halve; it then learns, day by day, what did not alarm. None: the
        baseline stays as it was trained.
    learning
        Whether online detectors learn what they have judged.
    """

    hold: Duration = "10m"
    release: Duration = "7d"
    half_life: Duration | None = None
    learning: bool = True

    def __post_init__(self) -> None:
        """Refuse what is no length of time."""
        _ = self.holding, self.releasing, self.halving

    @property
    def holding(self) -> dt.timedelta:
        """The hold as a ``timedelta``."""
        return duration(self.hold, "hold")

    @property
    def releasing(self) -> dt.timedelta:
        """The time until release as a ``timedelta``."""
        return duration(self.release, "release")

    @property
    def halving(self) -> dt.timedelta | None:
        """The half-life as a ``timedelta``; at least a day."""
        if self.half_life is None:
            return None
        length = duration(self.half_life, "half_life")
        if length < dt.timedelta(days=1):
            raise UsageError(f"half_life {self.half_life}: a day at least: baselines learn by the day")
        return length
