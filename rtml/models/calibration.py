r"""From scores to p-values and alarms, using benign calibration windows only.

**p-value** (conformal, Mondrian: each peer group by itself). With the *n* calibration scores of the
window's peer group,

.. math:: p = \frac{1 + \#\{i : s_i \ge s\}}{n + 1}

in [1/(n+1), 1]. If calibration and new benign windows of the group are exchangeable,
:math:`P(p \le a) \le a` for every *a*, whatever the detector; ties count against the alarm. A group
with fewer than ``least`` calibration windows is held against the scores of all groups together
(then the promise holds for the mix of groups, not for each). No opinion (NaN) gives NaN.

**margin**: how far a score lies in the tail of its group,

.. math:: m = \frac{s - u_g}{e_g}, \qquad
          e_g = \frac{\sum_{s_i > u_g} (s_i - u_g) + k\,\bar e}{\#\{s_i > u_g\} + k}

with :math:`u_g` the group's 90 % quantile and :math:`e_g` the mean excess over it, shrunk towards
the mean of all groups as if that were *k* = 5 scores more. In an exponential tail, and bits of
surprise have one, the excess over any high quantile has mean :math:`e_g`, so margins of all groups
have one distribution and can share one alarm threshold, be a group calm or full of operators; and
windows beyond every calibration score still have an order. (Median and mean deviation, tried
before, describe the body: a group whose body is calm and whose tail is wild then sets the threshold
for all.) The margin of a calibration window is taken without the window itself (leave one out):
otherwise a small group would look calmer than its next window will be.

**Alarm budget**: false findings per container-day. With *n* calibration windows of *w* seconds the
smallest rate that can be promised is one in *n* + 1 windows; below that there is only "above
everything seen", and `Alarm.resolvable` says so. No tail is fitted: from the few windows of a young
deployment an extreme-value fit would give a number without giving knowledge.

References
----------
Vovk, Gammerman, Shafer (2005), Algorithmic Learning in a Random World (Mondrian predictors);
Laxhammar (2014), Conformal Anomaly Detection, https://urn.kb.se/resolve?urn=urn:nbn:se:his:diva-8762
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pydantic

from rtml.arrays import Array
from rtml.errors import UsageError
from rtml.models.alarm import DAY, Alarm
from rtml.reading.state import State, read_state, write_state

__all__ = ["Calibration"]

_TAIL = 0.9
_PULL = 5
_ENOUGH = 500
"""In a group of more windows than this, leaving one out makes no difference that matters."""


class CalibrationState(State):
    """A calibration as JSON: the scores are all there is."""

    least: int = pydantic.Field(ge=1)
    unit: float = pydantic.Field(ge=0)
    groups: dict[str, list[float]]


@dataclass(frozen=True)
class Calibration:
    """Benign calibration scores per peer group; everything else follows from them.

    Parameters
    ----------
    groups
        Sorted finite scores of each peer group.
    least
        Calibration windows that a group needs to stand by itself.
    unit
        Least mean excess of a group, for scores with a unit of their own: one bit for scores in
        bits.

    Examples
    --------
    >>> calibration = Calibration.fit(np.array([1.0, 2.0, 2.0, 3.0]), ["web"] * 4, least=4)
    >>> calibration.p_values(np.array([9.0, 3.0, 2.0, 0.0, np.nan]), ["web"] * 5)
    array([0.2, 0.4, 0.8, 1. , nan])
    >>> calibration.p_values(np.array([2.5]), ["new"])
    array([0.4])
    """

    groups: dict[str, Array]
    least: int = 5
    unit: float = 0.0

    @classmethod
    def fit(cls, scores: Array, groups: Sequence[str], *, least: int = 5, unit: float = 0.0) -> Self:
        """Keep the scores of benign windows that the detector has not learnt; NaN is left out."""
        if least < 1 or len(scores) != len(groups):
            raise UsageError(f"calibration: {len(scores)} scores, {len(groups)} groups, {least=}")
        names = np.array(groups, dtype=np.str_)
        finite = np.isfinite(scores)
        by_group = {str(g): np.sort(scores[finite & (names == g)]) for g in np.unique(names[finite])}
        return cls(by_group, least, unit)

    @cached_property
    def pooled(self) -> Array:
        """The scores of all groups together, sorted."""
        return np.sort(np.concatenate([np.empty(0), *self.groups.values()]))

    def alone(self, group: str) -> bool:
        """Say whether a group has enough calibration windows to stand by itself."""
        return len(self.groups.get(group, ())) >= self.least

    def p_values(self, scores: Array, groups: Sequence[str]) -> Array:
        """Return the conformal p-value of each score, NaN where the score is NaN.

        Without any calibration score every p-value is 1: nothing can be called rare.
        """
        p = np.full(len(scores), np.nan)
        for _, rows, against in self._by_group(groups):
            below = np.searchsorted(against, scores[rows], side="left")
            p[rows] = (1.0 + len(against) - below) / (len(against) + 1.0)
        return np.where(np.isnan(scores), np.nan, p)

    def margins(self, scores: Array, groups: Sequence[str]) -> Array:
        """Return the margin of each score; NaN for NaN, and when nothing is calibrated."""
        margin = np.full(len(scores), np.nan)
        for _, rows, against in self._by_group(groups):
            if len(against):
                start, excess = self._tail(against)
                margin[rows] = (scores[rows] - start) / excess
        return margin

    def threshold(self, budget: float, seconds: float, in_bits: bool = False) -> Alarm:
        """Return the alarm rule for a budget of false findings per container-day.

        Parameters
        ----------
        budget
            False findings per container-day that are acceptable.
        seconds
            Length of a window.
        in_bits
            Scores are bits of evidence (`Detector.in_bits`): besides, a window then needs
            ``log2(86400 / (budget * seconds))`` of them. In a calm group, whose calibration scores
            are all 0, one bit would else be "above everything seen".

        Examples
        --------
        >>> scores, groups = np.arange(99.0), ["web"] * 99
        >>> alarm = Calibration.fit(scores, groups).threshold(budget=1440 / 10, seconds=60)
        >>> alarm.resolvable, alarm.windows, alarm.smallest_rate
        (True, 99, 14.4)
        >>> few = Calibration.fit(scores, groups).threshold(budget=1, seconds=60, in_bits=True)
        >>> few.resolvable, round(few.floor, 1)
        (False, 10.5)
        """
        if not (budget > 0 and seconds > 0):
            raise UsageError(f"alarm budget and window must be above 0, got {budget}, {seconds} s")
        margins = self._calibration_margins()
        n = len(margins)
        rank = min(int(np.floor(budget * seconds / DAY * (n + 1) + 1e-9)), n)
        limit = margins[-max(rank, 1)] if n else np.inf
        rate = DAY / seconds
        floor = max(0.0, float(np.log2(DAY / (budget * seconds)))) if in_bits else -np.inf
        return Alarm(
            budget=budget,
            floor=floor,
            limit=float(limit),
            windows=n,
            resolvable=rank >= 1,
            smallest_rate=rate / (n + 1),
            expected_rate=max(rank, 1) * rate / (n + 1),
        )

    def alarms(self, scores: Array, groups: Sequence[str], alarm: Alarm) -> npt.NDArray[np.bool_]:
        """Say which windows raise an alarm; NaN never does.

        A window must be above the limit and reach the floor, and, when the budget is below what the
        calibration windows can resolve, also above every calibration score of its own group.
        """
        margins = self.margins(scores, groups)
        above = np.zeros(len(scores), dtype=np.bool_)
        judged = ~np.isnan(margins)
        above[judged] = (margins[judged] > alarm.limit) & (scores[judged] >= alarm.floor)
        if alarm.resolvable:
            return above
        for _, rows, against in self._by_group(groups):
            top = against[-1] if len(against) else np.inf
            above[rows] &= np.nan_to_num(scores[rows], nan=-np.inf) > top
        return above

    def save(self, folder: Path) -> None:
        """Write the scores as JSON; floats are exact."""
        groups = {name: scores.tolist() for name, scores in sorted(self.groups.items())}
        write_state(folder, CalibrationState(least=self.least, unit=self.unit, groups=groups))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; a damaged file is an `RtmlError`."""
        state = read_state(folder, CalibrationState)
        groups = {name: np.sort(np.array(s, np.float64)) for name, s in state.groups.items() if s}
        return cls(groups, state.least, state.unit)

    def _by_group(self, groups: Sequence[str]) -> list[tuple[str, npt.NDArray[np.int64], Array]]:
        """Return per peer group: its name, its rows, and the calibration scores it is held to."""
        names, parts = np.array(groups, dtype=np.str_), []
        for group in np.unique(names).tolist():
            against = self.groups[group] if self.alone(group) else self.pooled
            parts.append((group, np.flatnonzero(names == group), against))
        return parts

    def _tail(self, against: Array) -> tuple[float, float]:
        """Return where the tail of calibration scores begins, and its mean excess.

        The excess is at least a hundredth of all scores' spread, so that a group whose scores were
        all alike does not turn the least difference into an alarm; 1 when all scores are alike.
        """
        start, beyond = _beyond(against)
        excess = (beyond.sum() + _PULL * self._fleet_excess) / (len(beyond) + _PULL)
        largest = max(float(excess), self._least_excess)
        return start, largest if largest > 0 else 1.0

    @cached_property
    def _fleet_excess(self) -> float:
        """Return the mean of the groups' mean excesses: every group counts the same."""
        means = [b.mean() for _, b in map(_beyond, self.groups.values()) if len(b)]
        return float(np.mean(means)) if means else 0.0

    @cached_property
    def _least_excess(self) -> float:
        hundredth = 0.01 * float(np.mean(np.abs(self.pooled - np.median(self.pooled))))
        return max(self.unit, hundredth)

    def _calibration_margins(self) -> Array:
        """Return the margins of the calibration windows themselves, sorted."""
        margins = [np.empty(0)]
        small_groups = [s for g, s in self.groups.items() if not self.alone(g)]
        for scores in (s for g, s in self.groups.items() if self.alone(g)):
            margins.append(self._leave_one_out(scores, scores))
        if small_groups:
            margins.append(self._leave_one_out(np.concatenate(small_groups), self.pooled))
        return np.sort(np.concatenate(margins))

    def _leave_one_out(self, scores: Array, against: Array) -> Array:
        """Return the margin of each score against the others of its (sorted) reference."""
        if len(against) > _ENOUGH or len(against) < 2:
            start, excess = self._tail(against)
            return np.asarray((scores - start) / excess)
        margins = []
        for score in scores:
            rest = np.delete(against, np.searchsorted(against, score))
            start, excess = self._tail(rest)
            margins.append((score - start) / excess)
        return np.array(margins)


def _beyond(scores: Array) -> tuple[float, Array]:
    """Return the quantile at which the tail of scores begins, and how far scores lie beyond it."""
    start = float(np.quantile(scores, _TAIL))
    return start, scores[scores > start] - start
