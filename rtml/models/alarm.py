"""The alarm rule that a budget and a calibration give, and what it can promise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from rtml.arrays import Array
from rtml.numbers import number

__all__ = ["DAY", "Alarm", "beyond", "with_budgets"]

DAY = 86_400.0
"""Seconds per day."""


@dataclass(frozen=True)
class Alarm:
    """Alarm when the margin of a tree is above ``limit``; a tree is one finding."""

    budget: float
    """False findings per container-day that were asked for."""
    limit: float
    """Margin above which a tree alarms; infinite when nothing was calibrated."""
    trees: int
    """Calibration trees that the limit rests on."""
    days: float
    """Container-days in which they were seen."""
    borrowed: float = 0.0
    """Share of the tail's scale that these trees' own tail did not give: 0 to 1."""
    outliers: int = 0
    """Calibration trees that stood far outside, and were judged as outliers."""
    usual: tuple[float, float] | None = None
    """Margins that half, and 99 %, of the calibration trees do not exceed; None: nothing was calibrated."""

    @property
    def resolvable(self) -> bool:
        """Whether calibration was long enough to have seen one finding at this budget."""
        return self.budget * self.days >= 1

    def sentence(self) -> str:
        """Return what the rule promises, for people.

        Examples
        --------
        >>> Alarm(1.0, 4.8, 900, 0.15, 0.36, 2).sentence()
        '1 false finding per container-day is extrapolated from 900 trees in 0.15 container-days (which hold
        0.15 such findings): 36 % of the tail is borrowed; 2 trees stood far outside and were left out'
        """
        if not self.trees:
            return "nothing was calibrated: no alarms"
        wanted = f"{self.budget:g} false finding{'s' if self.budget != 1 else ''} per container-day"
        basis = f"from {self.trees:,} trees in {number(self.days, '.2g')} container-days"
        if not self.resolvable:
            wanted += " is extrapolated"
            basis += f" (which hold {number(self.budget * self.days, '.2g')} such findings)"
        else:
            wanted += ","
        left_out = f"; {self.outliers} trees stood far outside and were left out" if self.outliers else ""
        return f"{wanted} {basis}: {self.borrowed:.0%} of the tail is borrowed{left_out}".replace("%", " %")


def beyond(margins: Array, alarm: Alarm) -> npt.NDArray[np.bool_]:
    """Say which margins raise an alarm; NaN never does."""
    return np.nan_to_num(margins, nan=-np.inf) > alarm.limit


def with_budgets(findings: pl.DataFrame, alarms: Mapping[str, Alarm]) -> pl.DataFrame:
    """Return findings with the budget that the alarms of their detector were set to."""
    budgets = {name: alarm.budget for name, alarm in alarms.items()}
    set_to = pl.col("detector").replace_strict(budgets, default=None, return_dtype=pl.Float64)
    return findings.with_columns(budget=set_to)
