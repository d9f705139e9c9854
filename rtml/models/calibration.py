r"""From scores to p-values, margins and alarms, using calibration trees only.

**p-value** (conformal, Mondrian: each peer group by itself). With the *n* calibration scores of the
tree's peer group, outliers left out,

.. math:: p = \frac{1 + \#\{i : s_i \ge s\}}{n + 1}

in [1/(n+1), 1]. If calibration and new benign trees of the group are exchangeable,
:math:`P(p \le a) \le a` for every *a*, whatever the detector; ties count against the alarm. A group
with fewer than ``least`` calibration trees is held against the scores of all groups together
(then the promise holds for the mix of groups, not for each). No opinion (NaN) gives NaN.

**margin**: how rare a benign tree of such a score is, :math:`\ln(R / \lambda(s))` by the tail of all groups
(`rtml.models.tails`). Each group has a start of its own, shrunk towards that of all as if that were *k* = 20
exceedances:

.. math:: u_g' = u + \frac{n_g}{n_g + k}(u_g - u), \qquad n_g = R\,d_g

with :math:`d_g` the group's container-days. Scale and shape are those of all groups: a group's own few
exceedances, used before, gave a calm group a scale so small that any operator's visit was beyond everything,
and cost the forest 15 to 30 of 54 attacks at one false window.

**Alarm budget**: false *findings* per container-day. A tree is one finding however many windows it spans, so
trees are what is counted: an alarm is a margin beyond :math:`\ln(R / budget)`, and beyond what calibration
counted itself (`rtml.models.counting`): a tail's shape fits far out, and in between its trees stand in heaps.
With few calibration days much of a limit is borrowed and extrapolated; `Alarm` says how much.

References
----------
Vovk, Gammerman, Shafer (2005), Algorithmic Learning in a Random World (Mondrian predictors);
Laxhammar (2014), Conformal Anomaly Detection, https://urn.kb.se/resolve?urn=urn:nbn:se:his:diva-8762
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl
import pydantic

from rtml.arrays import Array
from rtml.errors import UsageError
from rtml.models.alarm import Alarm, beyond
from rtml.models.budgets import budget_of
from rtml.models.counting import robust_limit, vouched_limit
from rtml.models.tails import UNKNOWN, Prior, Tail, fit_tail
from rtml.reading.state import State, read_state, write_state

__all__ = ["Calibration"]

_PULL = 20
"""Exceedances of its own that a group needs to be trusted as much as all groups together."""


class CalibrationState(State):
    """A calibration as JSON: scores and container-days are all there is."""

    least: int = pydantic.Field(ge=1)
    unit: float = pydantic.Field(ge=0)
    shape: float = pydantic.Field(gt=-1, lt=1)
    scale: float | None = pydantic.Field(gt=0)
    days: dict[str, float]
    groups: dict[str, list[float]]
    vouched: bool = False  # absent in models of before 27 November 2026

    @pydantic.model_validator(mode="after")
    def _watched(self) -> CalibrationState:
        if set(self.groups) - set(self.days) or any(not day > 0 for day in self.days.values()):
            raise ValueError("container-days above 0 are needed for every group")
        return self


@dataclass(frozen=True)
class Calibration:
    """Calibration scores per peer group, one per tree; everything else follows from them.

    Parameters
    ----------
    groups
        Sorted finite scores of each peer group.
    days
        Container-days in which each group was watched.
    least
        Calibration trees that a group needs to have p-values by itself.
    unit
        Least scale of the tail, for scores with a unit of their own: one bit for scores in bits.
    prior
        What is known of the detector's tail (`rtml.models.tails.SHIPPED`).
    vouched
        Whether somebody says that no attack is among them: then none is an outlier, and all count.

    Examples
    --------
    >>> calibration = Calibration.fit(np.array([1.0, 2.0, 2.0, 3.0]), ["web"] * 4, {"web": 0.1}, least=4)
    >>> calibration.p_values(np.array([9.0, 3.0, 2.0, 0.0, np.nan]), ["web"] * 5)
    array([0.2, 0.4, 0.8, 1. , nan])
    >>> calibration.p_values(np.array([2.5]), ["new"])
    array([0.4])
    """

    groups: dict[str, Array]
    days: dict[str, float]
    least: int = 5
    unit: float = 0.0
    prior: Prior = UNKNOWN
    vouched: bool = False

    @classmethod
    def fit(
        cls,
        scores: Array,
        groups: Sequence[str],
        days: Mapping[str, float],
        *,
        least: int = 5,
        unit: float = 0.0,
        prior: Prior = UNKNOWN,
        vouched: bool = False,
    ) -> Self:
        """Keep the scores of trees that the detector has not learnt, one per tree; NaN is left out."""
        if least < 1 or len(scores) != len(groups):
            raise UsageError(f"calibration: {len(scores)} scores, {len(groups)} groups, {least=}")
        names = np.array(groups, dtype=np.str_)
        finite = np.isfinite(scores)
        by_group = {str(g): np.sort(scores[finite & (names == g)]) for g in np.unique(names[finite])}
        missing = sorted(set(by_group) - set(days))
        if missing or any(not day > 0 for day in days.values()):
            raise UsageError(f"calibration: container-days above 0 are needed for every group: {missing}")
        return cls(by_group, dict(days), least, unit, prior, vouched)

    @cached_property
    def pooled(self) -> Array:
        """The scores of all groups together, sorted."""
        return np.sort(np.concatenate([np.empty(0), *self.groups.values()]))

    def alone(self, group: str) -> bool:
        """Say whether a group has enough calibration trees to stand by itself."""
        return len(self.groups.get(group, ())) >= self.least

    def borrowed(self, group: str) -> float:
        """Return which share of where a group's alarms start is that of all groups: 0 to 1.

        Examples
        --------
        >>> scores = np.arange(200.0)
        >>> calibration = Calibration.fit(scores, ["web"] * 200, {"web": 1.0})
        >>> calibration.borrowed("web"), calibration.borrowed("new")
        (0.5, 1.0)
        """
        return 1.0 - self._own(group, self.tail)

    def _own(self, group: str, tail: Tail) -> float:
        """Return the weight of a group's own start, by the exceedances that it should have."""
        if not len(self._kept.get(group, ())):
            return 0.0
        number = tail.rate * self.days[group]
        return number / (number + _PULL)

    @property
    def tail(self) -> Tail:
        """The tail of all groups together."""
        return self._fitted[0]

    @property
    def outliers(self) -> int:
        """How many calibration trees stand far outside and were left out."""
        return self._fitted[1]

    @cached_property
    def _fitted(self) -> tuple[Tail, int]:
        return fit_tail(self.pooled, max(self._all_days, 1e-9), self.prior, self.unit, trim=not self.vouched)

    @property
    def _all_days(self) -> float:
        return float(sum(self.days.values()))

    def p_values(self, scores: Array, groups: Sequence[str]) -> Array:
        """Return the conformal p-value of each score, NaN where the score is NaN.

        Without any calibration score every p-value is 1: nothing can be called rare.
        """
        p, names = np.full(len(scores), np.nan), pl.Series(groups, dtype=pl.String)
        for group in names.unique():
            rows = (names == group).arg_true().to_numpy()
            against = self._kept[group] if self.alone(group) else self._kept_of_all
            below = np.searchsorted(against, scores[rows], side="left")
            p[rows] = (1.0 + len(against) - below) / (len(against) + 1.0)
        return np.where(np.isnan(scores), np.nan, p)

    def kept(self, group: str) -> list[float]:
        """Return the scores of a group's calibration trees, sorted, without outliers; none: no such group."""
        return self._kept[group].tolist() if group in self._kept else []

    def margins(self, scores: Array, groups: Sequence[str]) -> Array:
        """Return the margin of each score; NaN for NaN, and when nothing is calibrated."""
        tail = self.tail
        if not len(self.pooled):
            return np.full(len(scores), np.nan)
        names = pl.Series(groups, dtype=pl.String)
        own = names.replace_strict(self._starts, default=tail.start, return_dtype=pl.Float64)
        return tail.margin(scores - own.to_numpy() + tail.start)

    def threshold(self, budget: float) -> Alarm:
        """Return the alarm rule for a budget of false findings per container-day.

        Examples
        --------
        >>> scores = np.random.default_rng(1).exponential(2.0, 20_000)
        >>> alarm = Calibration.fit(scores, ["web"] * 20_000, {"web": 1.0}).threshold(budget=1)
        >>> alarm.sentence()
        '1 false finding per container-day, from 20,000 trees in 1 container-days: 14 % of the tail is
        borrowed'
        """
        budget, calibrated = budget_of(budget), bool(len(self.pooled))
        return Alarm(
            budget=budget,
            limit=max(self.tail.limit(budget), self._counted(budget)) if calibrated else np.inf,
            trees=len(self.pooled),
            days=self._all_days,
            borrowed=self.tail.borrowed,
            outliers=self.outliers,
            usual=self._usual,
        )

    def _counted(self, budget: float) -> float:
        counted = vouched_limit if self.vouched else robust_limit
        return counted(self._margins_kept, budget * self._all_days)

    def alarms(self, scores: Array, groups: Sequence[str], alarm: Alarm) -> npt.NDArray[np.bool_]:
        """Say which trees raise an alarm; NaN never does."""
        return beyond(self.margins(scores, groups), alarm)

    def save(self, folder: Path) -> None:
        """Write the scores as JSON; floats are exact."""
        groups = {name: scores.tolist() for name, scores in sorted(self.groups.items())}
        state = CalibrationState(
            least=self.least,
            unit=self.unit,
            shape=self.prior.shape,
            scale=self.prior.scale,
            days=dict(sorted(self.days.items())),
            groups=groups,
            vouched=self.vouched,
        )
        write_state(folder, state)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; a damaged file is an `RtmlError`."""
        state = read_state(folder, CalibrationState)
        groups = {name: np.sort(np.array(s, np.float64)) for name, s in state.groups.items() if s}
        prior = Prior(state.shape, state.scale)
        return cls(groups, state.days, state.least, state.unit, prior, state.vouched)

    @cached_property
    def _starts(self) -> dict[str, float]:
        """Where the tail of each group starts, without outliers, shrunk towards that of all."""
        starts, tail = {}, self.tail
        for group, scores in self._kept.items():
            if not len(scores):
                continue
            number = tail.rate * self.days[group]
            own = float(scores[max(0, len(scores) - max(round(number), 1))])
            starts[group] = tail.start + self._own(group, tail) * (own - tail.start)
        return starts

    @cached_property
    def _margins_kept(self) -> Array:
        """The margins of all calibration trees without outliers, sorted."""
        each = [self.margins(scores, [group] * len(scores)) for group, scores in self._kept.items()]
        return np.sort(np.concatenate([np.empty(0), *each]))

    @cached_property
    def _usual(self) -> tuple[float, float] | None:
        """The margins of half, and of 99 %, of the calibration trees."""
        ours = self._margins_kept
        if not len(ours):
            return None
        half, most = np.quantile(ours, [0.5, 0.99], method="higher")
        return float(half), float(most)

    @cached_property
    def _limit_of_outliers(self) -> float:
        return float(self.pooled[len(self.pooled) - self.outliers]) if self.outliers else np.inf

    @cached_property
    def _kept(self) -> dict[str, Array]:
        """The scores of each group without outliers."""
        return {group: scores[scores < self._limit_of_outliers] for group, scores in self.groups.items()}

    @cached_property
    def _kept_of_all(self) -> Array:
        return self.pooled[self.pooled < self._limit_of_outliers]
