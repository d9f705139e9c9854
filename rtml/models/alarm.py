"""The alarm rule that a budget and a calibration give, and what it can promise."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["DAY", "Alarm"]

DAY = 86_400.0
"""Seconds per day."""


@dataclass(frozen=True)
class Alarm:
    """Alarm when the margin of a window is above ``limit``.

    Rates are in windows that alarm falsely per container-day. A finding joins the windows of five
    minutes, so the rate of findings is at most that.
    """

    budget: float
    """What was asked for."""
    limit: float
    """Margin above which a window alarms; infinite when nothing was calibrated."""
    windows: int
    """Benign calibration windows that the limit rests on."""
    resolvable: bool
    """False when the budget is below `smallest_rate`: the limit is then the largest calibration
    margin, and nobody can say from these windows how much rarer than that rate its alarms are."""
    smallest_rate: float
    """The smallest rate that this many calibration windows can carry: one in ``windows + 1``."""
    expected_rate: float
    """Upper bound on the rate to expect from windows like the calibration windows."""
    floor: float = -math.inf
    """Score that a window needs besides: the budget in bits, for a detector whose scores are bits;
    none for the others."""

    def sentence(self) -> str:
        """Return what the rule promises, for people.

        Examples
        --------
        >>> Alarm(1.0, 3.2, 35, False, 40.0, 40.0).sentence()
        '1 false finding per container-day cannot be promised from 35 benign windows (the smallest
        rate that they carry is 40); alarms are what lies above all of them'
        """
        wanted = f"{self.budget:g} false finding{'s' if self.budget != 1 else ''} per container-day"
        if self.resolvable:
            return f"at most {wanted}, from {self.windows} benign windows"
        floor = f" and is worth {self.floor:.1f} bits" if self.floor > 0 else ""
        return (
            f"{wanted} cannot be promised from {self.windows} benign windows (the smallest rate"
            f" that they carry is {self.smallest_rate:.3g}); alarms are what lies above all of"
            f" them{floor}"
        )
