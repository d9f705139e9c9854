"""Sum of the context-conditional surprises, batch."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

import numpy as np
import polars as pl
import pydantic

from rtml.arrays import Array
from rtml.detectors.contract import feature_columns, matrix, no_opinion, peer_groups
from rtml.detectors.explanation import Attribution, unattributed
from rtml.errors import UnknownNameError, UsageError
from rtml.reading.state import State, bare, filled, read_state, write_state

__all__ = ["Surprise", "surprise_columns"]

_NAME = re.compile(r"([^.]+)\.(?:bits|surprise)_(beyond|excess|top3|max|sum)")
_MOST_POWER = 64
_BEST = ("beyond", "excess", "top3", "max", "sum")


def surprise_columns(names: list[str]) -> list[str]:
    """Return one surprise feature per family: what is beyond chance, else excess, top three, maximum, sum.

    What the most surprising pair of each conditional has beyond chance does not grow with load or variety
    as a sum does: on sitting 2 of replays-v1 it put 29 of 29 attacked trees before all but two benign
    ones, where the excess of the top three put 28 (`python -m benchmarks.quality`).

    Examples
    --------
    >>> surprise_columns(["a.bits_sum", "a.bits_top3", "b.bits_max", "b.never_seen"])
    ['a.bits_top3', 'b.bits_max']
    """
    chosen: dict[str, tuple[int, str]] = {}
    for name in names:
        if match := _NAME.fullmatch(name):
            rank = (_BEST.index(match[2]), name)
            chosen[match[1]] = min(rank, chosen.get(match[1], rank))
    return sorted(name for _, name in chosen.values())


class Usual(NamedTuple):
    """What one peer group's training windows hold, per surprise column."""

    median: Array
    """Bits; NaN when the column was always missing."""
    missing: Array
    """Number of training windows without a value."""
    rows: int


class UsualState(State):
    """A `Usual` as JSON."""

    median: list[float | None]
    missing: list[float]
    rows: int = pydantic.Field(ge=1)


class SurpriseState(State):
    """The whole detector as JSON."""

    seed: int
    pull: float = pydantic.Field(ge=0)
    power: float = pydantic.Field(1.0, ge=1)  # absent in models of before 28 November 2026
    features: list[str]
    fleet: UsualState | None
    groups: dict[str, UsualState]

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> SurpriseState:
        for part in [*self.groups.values(), *([self.fleet] if self.fleet else [])]:
            if {len(part.median), len(part.missing)} != {len(self.features)}:
                raise ValueError("the medians do not fit the features")
            if any(not 0 <= count <= part.rows for count in part.missing):
                raise ValueError("more missing windows than windows")
        return self


class Surprise:
    r"""Bits of surprise beyond what is usual for the workload, summed over feature families.

    Per family *f* one feature :math:`x_f` (`surprise_columns`: the most surprising pair of each conditional,
    beyond what chance brings), its usual value :math:`u_f` the median over the
    workload's training windows, shrunk towards the median of all workloads as if that were
    ``pull`` windows of its own:

    .. math:: s = \sum_f \max(0, x_f - u_f), \qquad
              u_f = \frac{n\,\mathrm{med}_g + \mathrm{pull}\,\mathrm{med}_{all}}{n + \mathrm{pull}}

    in bits, 0 and up, higher = stranger. A pair counts once per window, and only the top of each
    family enters, so a busy window is not strange for being busy. The score is a sum, so its
    explanation is exact: share of *f* = its term / *s*. A missing value is itself an observation
    and costs :math:`-\log_2\frac{m + 1/2}{n + 1}` bits, *m* of the *n* training windows being
    without. A surprise feature that was not trained on counts in full. NaN when nothing is learnt
    or when a window has no surprise feature at all (features made without a baseline).

    One event is new to several families at once (a program is a new child, a new binary, a new command),
    and an operator's visit is a little new to all of them: a sum counts that as often as there are families.
    With a ``power`` *p* above 1 the strangest family counts most,

    .. math:: s = \Bigl(\sum_f \max(0, x_f - u_f)^p\Bigr)^{1/p}

    from their sum (1) towards their maximum (many). It is still explained exactly: *s* is homogeneous, so
    that by Euler the parts :math:`t_f\,(t_f/s)^{p-1}` of its terms :math:`t_f` add up to it.

    Fails when an attack does only what the workload does anyway, and for a family that is always
    surprised: its usual value is high, and little rises above it.

    Parameters
    ----------
    seed
        Has no effect: nothing here is random.
    pull
        Weight of the fleet's median, in windows.
    power
        How much the strangest family counts beyond the others: 1 adds all up.

    References
    ----------
    Hassan et al. (2019), NoDoze, https://doi.org/10.14722/ndss.2019.23349 (rarity of dependent
    events); Efron, Morris (1977) on shrinkage, https://www.jstor.org/stable/24954030

    Examples
    --------
    >>> quiet = pl.DataFrame({"workload": ["web"] * 3, "lineage.bits_top3": [2.0, 3.0, 4.0]})
    >>> detector = Surprise()
    >>> detector.learn(quiet)
    >>> detector.score(pl.DataFrame({"workload": ["web"] * 2, "lineage.bits_top3": [2.0, 43.0]}))
    array([ 0., 40.])
    """

    name: ClassVar[str] = "surprise"
    online: ClassVar[bool] = False
    trivial: ClassVar[bool] = False
    in_bits: ClassVar[bool] = True
    exact: ClassVar[bool] = True

    def __init__(self, *, seed: int = 0, pull: float = 5.0, power: float = 1.0) -> None:
        if not 0 <= pull < float("inf"):
            raise UsageError(f"surprise: pull must be 0 or more, got {pull}")
        if not 1 <= power <= _MOST_POWER:
            raise UsageError(f"surprise: power must be 1 to {_MOST_POWER}, got {power}")
        self.seed, self.pull, self.power = seed, float(pull), float(power)
        self._features: list[str] = []
        self._fleet: Usual | None = None
        self._groups: dict[str, Usual] = {}

    @property
    def tail(self) -> str:
        """Whose tail its benign scores have: those of one strange family end sooner than sums."""
        return "strongest" if self.power > 1 else self.name

    def learn(self, windows: pl.DataFrame) -> None:
        """Take medians per workload and over all; the order of rows has no effect."""
        if windows.is_empty():
            return
        self._features = surprise_columns(feature_columns(windows))
        if not self._features:
            have = ", ".join(feature_columns(windows))
            raise UnknownNameError(f"surprise: no feature family.bits_top3, _max or _sum in: {have}")
        raw, groups = matrix(windows, self._features)[:, :-1], np.array(peer_groups(windows))
        self._fleet = _usual(raw)
        self._groups = {name: _usual(raw[groups == name]) for name in np.unique(groups).tolist()}

    def score(self, windows: pl.DataFrame) -> Array:
        """Return the excess bits of each window."""
        if self._fleet is None:
            return no_opinion(windows)
        total = np.zeros(windows.height)
        for column in self.attribute(windows).parts.T:  # one by one: a row's bits do not depend on the others
            total += column
        return total

    def prequential(self, windows: pl.DataFrame) -> Array:
        """Return `score`: a batch detector does not learn on the way."""
        return self.score(windows)

    def explain(self, windows: pl.DataFrame) -> pl.DataFrame:
        """Return the terms of the sum: exact."""
        return self.attribute(windows).shares()

    def attribute(self, windows: pl.DataFrame) -> Attribution:
        """Return the terms of the sum in bits: they add up to the score; NaN where there is no opinion."""
        if self._fleet is None:
            return unattributed(windows.height)
        new = [n for n in surprise_columns(feature_columns(windows)) if _is_new(n, self._features)]
        names = [*self._features, *new]
        raw = matrix(windows, names)[:, :-1]
        usual, cost = np.zeros_like(raw), np.zeros_like(raw)
        groups, old = np.array(peer_groups(windows), dtype=np.str_), slice(len(self._features))
        for group in np.unique(groups).tolist():
            usual[groups == group, old], cost[groups == group, old] = self._expected(group)
        parts = np.where(np.isnan(raw), cost, np.maximum(raw - usual, 0.0))
        blind = np.isnan(raw).all(axis=1, keepdims=True)
        return Attribution(names, np.where(blind, np.nan, _parts_of_norm(parts, self.power)), raw, usual)

    def _expected(self, group: str) -> tuple[Array, Array]:
        """Return the usual bits and the bits that a missing value costs, for one peer group."""
        assert self._fleet is not None
        fleet, workload = self._fleet, self._groups.get(group, self._fleet)
        n, general = workload.rows - workload.missing, np.nan_to_num(fleet.median, nan=0.0)
        median = np.where(np.isnan(workload.median), general, workload.median)
        share = n / np.maximum(n + self.pull, 1e-300)
        usual = general + share * (median - general)
        return usual, -np.log2((workload.missing + 0.5) / (workload.rows + 1.0))

    def save(self, folder: Path) -> None:
        """Write the medians as JSON."""
        groups = {name: _frozen(usual) for name, usual in sorted(self._groups.items())}
        fleet = _frozen(self._fleet) if self._fleet else None
        state = SurpriseState(
            seed=self.seed,
            pull=self.pull,
            power=self.power,
            features=self._features,
            fleet=fleet,
            groups=groups,
        )
        write_state(folder, state)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        state = read_state(folder, SurpriseState)
        detector = cls(seed=state.seed, pull=state.pull, power=state.power)
        detector._features = state.features
        detector._fleet = _thawed(state.fleet) if state.fleet else None
        detector._groups = {name: _thawed(usual) for name, usual in state.groups.items()}
        return detector


def _parts_of_norm(terms: Array, power: float) -> Array:
    """Return what each term (0 and up) adds to the norm of its row: they add up to it."""
    if power == 1:
        return terms
    top = terms.max(axis=1, keepdims=True, initial=0.0)
    share = terms / np.where(top > 0, top, 1.0)  # powers of shares cannot overflow
    total = np.zeros_like(top)
    for column in (share**power).T:  # one by one: a row's bits do not depend on the others
        total[:, 0] += column
    norm = np.where(top > 0, total, 1.0) ** (1 / power)
    parts: Array = top * share * (share / norm) ** (power - 1)
    return parts


def _is_new(name: str, features: list[str]) -> bool:
    """Say whether a surprise column is of a family that has none among ``features``."""
    return name.split(".")[0] not in {feature.split(".")[0] for feature in features}


def _usual(raw: Array) -> Usual:
    missing = np.isnan(raw)
    present = ~missing.all(axis=0)
    median = np.full(raw.shape[1], np.nan)
    median[present] = np.nanmedian(raw[:, present] / 2, axis=0) * 2  # halved: no overflow at HUGE
    return Usual(median, missing.sum(axis=0).astype(np.float64), len(raw))


def _frozen(usual: Usual) -> UsualState:
    return UsualState(median=bare(usual.median), missing=usual.missing.tolist(), rows=usual.rows)


def _thawed(state: UsualState) -> Usual:
    return Usual(filled(state.median), np.array(state.missing), state.rows)
