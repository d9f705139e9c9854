r"""How many deviations each value lies from what its peer group shows, with few windows or many.

With :math:`t = \operatorname{asinh}(x)` (linear near 0, logarithmic beyond, also for negative
values), a group's *n* values of a column have mean *m* and variance *v*. Both are drawn towards
those of all groups, the less, the more the group has shown. *w* is the usual variance within a
group (geometric mean), *b* the variance of the groups' means beyond what *w* brings by chance,
*M* the mean of the groups' means:

.. math:: c = M + \frac{n b}{n b + w}(m - M), \qquad
          s^2 = v^{\frac{n - 1}{n - 1 + k}}\, w^{\frac{k}{n - 1 + k}} + \frac{b w}{n b + w}

with *k* = ``pull``. So a group that was never met (*n* = 0) has centre *M* and variance
:math:`w + b`. *v* and *w* are at least 0.05 squared: a change of five percent (or of 0.05 near
zero) is never more than one deviation.

A missing value lies :math:`\sqrt{(1 - p)/p}` deviations away, *p* the share of training windows
without it, :math:`(m + 1/2)/(n + 1)`: what "missing" is worth as a column of 0 and 1.

Fails when training windows hold an attack: the deviation then includes it.

References
----------
Efron, Morris (1977) on shrinkage, https://www.jstor.org/stable/24954030; Smyth (2004), moderated
variances, https://doi.org/10.2202/1544-6115.1027
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pydantic

from rtml.arrays import Array
from rtml.detectors.columns import Chosen
from rtml.reading.state import State

__all__ = ["LEAST", "Deviant", "Deviations", "DeviationsState", "Usual", "UsualState"]

LEAST = 0.05
"""The smallest deviation, in asinh units."""

_FARTHEST = 700.0  # asinh of the largest value that a feature can have is 691.5
_WIDEST = 2000.0  # of two values that far apart, and of two groups


class Usual(NamedTuple):
    """What is usual in one peer group, per column."""

    centre: Array
    """In asinh units."""
    spread: Array
    """One deviation, in asinh units, at least `LEAST`."""
    absent: Array
    """Deviations that a missing value is worth."""


class UsualState(State):
    """A `Usual` as JSON."""

    centre: list[float]
    spread: list[float]
    absent: list[float]

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> UsualState:
        if len({len(self.centre), len(self.spread), len(self.absent)}) != 1:
            raise ValueError("centre, spread and absent differ in length")
        if any(abs(number) > _FARTHEST for number in self.centre):
            raise ValueError("usual values lie where no value can")
        if any(not LEAST <= spread <= _WIDEST for spread in self.spread):
            raise ValueError("a deviation is too small or too large")
        if any(not 0 <= number < 1e9 for number in self.absent):
            raise ValueError("a missing value is worth too much")
        return self


class DeviationsState(State):
    """`Deviations` as JSON."""

    fleet: UsualState
    groups: dict[str, UsualState]

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> DeviationsState:
        if any(len(usual.centre) != len(self.fleet.centre) for usual in self.groups.values()):
            raise ValueError("a group has another number of columns")
        return self

    def deviations(self) -> Deviations:
        """Return the `Deviations` that this is the JSON form of."""
        return Deviations(_thawed(self.fleet), {name: _thawed(u) for name, u in self.groups.items()})


class Moments(NamedTuple):
    """Of each peer group and column, shape (groups, columns)."""

    present: Array
    mean: Array
    variance: Array
    missing: Array


@dataclass(frozen=True)
class Deviations:
    """What is usual by peer group; a group that is not there has what is usual of a new one."""

    fleet: Usual
    groups: dict[str, Usual]

    @classmethod
    def of(cls, raw: Array, names: Sequence[str], pull: float) -> Deviations:
        """Learn from training rows (NaN = missing) and the peer group of each, in any order.

        Parameters
        ----------
        raw
            Shape (rows, columns), at least one row.
        names
            One per row.
        pull
            Weight of all groups' variance, in windows.
        """
        groups = np.array(names, dtype=np.str_)
        distinct = np.unique(groups).tolist()
        of_all = [_moments(np.arcsinh(raw[groups == name])) for name in distinct]
        moments = Moments(*(np.stack(part) for part in zip(*of_all, strict=True)))
        none = np.zeros((1, raw.shape[1]))
        fleet = Moments(none, none, none, moments.missing.sum(axis=0, keepdims=True))
        rows = (moments.present + moments.missing)[:, :1]
        shrunk = _shrunk(moments, moments, rows, pull)
        unknown = _shrunk(fleet, moments, rows.sum(keepdims=True), pull)[0]
        return cls(unknown, dict(zip(distinct, shrunk, strict=True)))

    def usual(self, name: str) -> Usual:
        """Return what is usual in one peer group."""
        return self.groups.get(name, self.fleet)

    def signed(self, raw: Array, names: Sequence[str]) -> Array:
        """Return how many deviations each value lies above or below; NaN where it is missing.

        Examples
        --------
        >>> usual = Deviations.of(np.array([[0.0], [0.0]]), ["web", "web"], pull=5)
        >>> usual.signed(np.array([[0.0], [1.0], [np.nan]]), ["web", "web", "new"]).round(1).ravel()
        array([ 0. , 17.6,  nan])
        """
        parts = self._rows(names)
        return np.asarray((np.arcsinh(raw) - parts.centre) / parts.spread)

    def absent(self, names: Sequence[str]) -> Array:
        """Return how many deviations a missing value is worth, shape (rows, columns)."""
        return self._rows(names).absent

    def centre(self, names: Sequence[str]) -> Array:
        """Return each row's usual values in the features' own units."""
        return np.sinh(self._rows(names).centre)

    def _rows(self, names: Sequence[str]) -> Usual:
        distinct, place = np.unique(np.array(names, dtype=np.str_), return_inverse=True)
        usual = [self.usual(name) for name in distinct.tolist()] or [self.fleet]
        return Usual(*(np.stack(part)[place] for part in zip(*usual, strict=True)))

    def state(self) -> DeviationsState:
        """Return the JSON form, groups by name."""
        groups = {name: _frozen(usual) for name, usual in sorted(self.groups.items())}
        return DeviationsState(fleet=_frozen(self.fleet), groups=groups)


def _moments(t: Array) -> tuple[Array, Array, Array, Array]:
    """Return count, mean, variance and number of missing values per column, whatever the row order."""
    ordered = np.sort(t, axis=0)
    count = np.sum(~np.isnan(ordered), axis=0).astype(np.float64)
    mean = np.nansum(ordered, axis=0) / np.maximum(count, 1)
    variance = np.nansum((ordered - mean) ** 2, axis=0) / np.maximum(count - 1, 1)
    return count, mean, variance, len(t) - count


def _shrunk(own: Moments, every: Moments, rows: Array, pull: float) -> list[Usual]:
    """Draw moments towards those of every group; ``rows`` are training windows, shape (groups, 1)."""
    within, between, middle = _fleet(every, pull)
    trust = own.present * between / (own.present * between + within)
    centre = middle + trust * (own.mean - middle)
    freedom = np.maximum(own.present - 1, 0)
    weight = freedom / np.maximum(freedom + pull, 1e-300)
    variance = _floored(own.variance) ** weight * within ** (1 - weight)
    unsure = between * within / (own.present * between + within)
    spread = np.maximum(np.sqrt(variance + unsure), LEAST)  # exp(log(x)) may lie just below x
    p = (own.missing + 0.5) / (rows + 1)
    return [Usual(*part) for part in zip(centre, spread, np.sqrt((1 - p) / p), strict=True)]


def _fleet(every: Moments, pull: float) -> tuple[Array, Array, Array]:
    """Return the variance within groups, that between them, and the mean of their means."""
    freedom = np.maximum(every.present - 1, 0)
    weight = freedom / (freedom + pull + 1e-9)
    logs = (weight * np.log(_floored(every.variance))).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-300)
    within = np.where(weight.sum(axis=0) > 0, np.exp(logs), LEAST**2)
    here = every.present > 0
    known = np.maximum(here.sum(axis=0), 1)
    middle = np.where(here, every.mean, 0.0).sum(axis=0) / known
    apart = np.where(here, (every.mean - middle) ** 2, 0.0).sum(axis=0) / np.maximum(known - 1, 1)
    chance = np.where(here, within / np.maximum(every.present, 1), 0.0).sum(axis=0) / known
    return np.maximum(within, LEAST**2), np.maximum(apart - chance, 0.0), middle


def _floored(variance: Array) -> Array:
    return np.maximum(variance, LEAST**2)


def _frozen(usual: Usual) -> UsualState:
    return UsualState(**{name: part.tolist() for name, part in usual._asdict().items()})


def _thawed(state: UsualState) -> Usual:
    return Usual(np.array(state.centre), np.array(state.spread), np.array(state.absent))


class Deviant(State):
    """A detector of deviations as JSON: what it was made with, the columns it looks at, what is usual."""

    seed: int
    pull: float = pydantic.Field(ge=0)
    features: str
    chosen: Chosen
    deviations: DeviationsState | None

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> Deviant:
        if self.deviations is not None and len(self.deviations.fleet.centre) != len(self.chosen.names) + 1:
            raise ValueError("the deviations do not fit the features")
        return self
