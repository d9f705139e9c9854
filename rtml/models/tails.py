r"""The tail of benign scores, fitted so that a few attacks among them do not move it.

Of *n* benign trees in *d* container-days the highest :math:`R d` (*R* = `RATE` per container-day) are the
tail. It begins at the score *u* that *R* trees a day exceed, and is taken for a generalised Pareto
distribution of a shape :math:`\xi` that belongs to the detector (`SHIPPED`, measured on our own recordings):

.. math:: \lambda(s) = R\left(1 + \xi\frac{s-u}{\sigma}\right)^{-1/\xi}
          \quad (\xi = 0:\; R\,e^{-(s-u)/\sigma})

is how many benign trees a day exceed *s*. The scale follows from the *median* excess, not the mean, so that
attacks among the calibration trees count as so many trees more, however far out they lie:

.. math:: \hat\sigma = \frac{m\,\sigma_m + k\,\sigma_0}{m + k}, \qquad
          \sigma_m = \mathrm{med}(s-u)\,\xi/(2^\xi-1)

with *m* different scores among the exceedances (trees that do the same thing again are no evidence of how far
others go: forty minutes of a small cluster were one job, twenty times) and *k* = `BORROWED` borrowed ones,
whose scale :math:`\sigma_0` is that of the detector on our own recordings (`SHIPPED`), or for a detector that
is not there the slope of the body just below (from *u* at 8 *R* to *u* at *R*). With an hour of calibration
nearly all of the scale is borrowed, and `Tail.borrowed` says so. Trees beyond one in `TRIMMED` container-days
(of a tail whose shape is at least 0.1) are then taken for outliers, left out, and the fit is made again until
it stays. What is left holds few attacks, so that :math:`\sigma_m` may then lean on more than the median: it
is the mean over the excesses that one in *j* exceedances is above, each divided by :math:`(j^\xi-1)/\xi`, for
the *j* of `PARTS` that leave at least four trees above. One quantile alone swings with the seed of a
detector: half-space trees of six seeds realised 0 to 8 times a budget of 0.5, and 0 to 2 times with the mean
(sitting 2 by halves).

Fails when more than half of the tail is attacks; when the days that are judged hold kinds of work that
calibration never saw (no tail knows them); and for scores with a hard upper end, where it promises less than
it could.

References
----------
Pickands (1975), Statistical inference using extreme order statistics, https://doi.org/10.1214/aos/1176343003;
Siffer et al. (2017), Anomaly detection in streams with extreme value theory,
https://doi.org/10.1145/3097983.3098144
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rtml.arrays import Array
from rtml.detectors import Detector

__all__ = [
    "BORROWED",
    "PARTS",
    "RATE",
    "SHIPPED",
    "TRIMMED",
    "UNKNOWN",
    "Prior",
    "Tail",
    "fit_tail",
    "prior_of",
]

RATE = 120.0
"""Trees per container-day that make the tail."""

BORROWED = 20
"""Exceedances' worth of scale that is taken from the body, whatever the tail says."""

PARTS = (2, 3, 4, 6, 8, 12, 16)
"""One in so many exceedances is above a quantile that the scale is taken from, once outliers are out."""

TRIMMED = 0.3
"""Benign trees per container-day from which on a calibration tree is taken for an outlier."""


class Prior(NamedTuple):
    """What is known of a detector's tail before anything is calibrated."""

    shape: float = 0.0
    scale: float | None = None
    """Null: not known, the body of the scores must do."""


SHIPPED = {
    "surprise": Prior(0.2, 3.3),
    "half_space_trees": Prior(0.0, 0.074),
    "isolation_forest": Prior(-0.3, 0.1),
    "fading_gaussian": Prior(0.0, 13.5),
    "combined": Prior(0.1, 0.83),
    "strongest": Prior(-0.2, 3.3),
}
"""Tails per kind of detector on benign trees of sittings 1 and 2 of replays-v1. Scales: the median over six
seeds and three stretches of 10 to 16 minutes, without what they borrowed (`python -m
benchmarks.shipped_tails` prints such). Shapes: of those 0.1 apart, one at which budgets of 0.5 to 30 a day
were kept on four later stretches (mean over seeds) and most of the 29 attacks of sitting 2 were found; scores
that have an upper end (the forest's) have a negative one. ``strongest``, of `surprise` with a power, lies
near the bits of one event, which end at log2 of what was counted; its scale is that of the sum: ours lie at 5
to 15 bits, with so few exceedances that much is borrowed. Chosen on forward trials (docs/quality.md)."""

UNKNOWN = Prior()
_ROUNDS = 6
_ENOUGH = 50
_LEAST = 20  # trees that the tail holds, where there are enough
_TENTH = 10  # the tail is at most one tree in ten
_NEAR_END = 0.1
_MILD = 0.1  # least shape that outliers are sought with: a short tail would take its own end for outliers
_ABOVE = 4  # trees above a quantile that is leant on


def prior_of(detector: Detector) -> Prior:
    """Return what is known of a detector's tail: of its kind, unless it says of which (``tail``).

    Examples
    --------
    >>> from rtml.detectors import make_detector
    >>> prior_of(make_detector("surprise", {})).shape, prior_of(make_detector("surprise", {"power": 4})).shape
    (0.2, -0.2)
    >>> prior_of(make_detector("largest_z", {})) == UNKNOWN
    True
    """
    return SHIPPED.get(getattr(detector, "tail", detector.name), UNKNOWN)


@dataclass(frozen=True)
class Tail:
    """How many benign trees per container-day exceed a score."""

    start: float
    scale: float
    shape: float = 0.0
    rate: float = RATE
    exceedances: int = 0
    borrowed: float = 1.0
    """Share of the scale that did not come from these trees' own tail: 0 to 1."""

    def margin(self, scores: Array) -> Array:
        r"""Return :math:`\ln(R/\lambda(s))`: 0 where the tail starts, 1 more for each factor e rarer.

        Below the start, and near the end of a tail that has one, it goes on as a straight line, so that
        scores keep their order.

        Examples
        --------
        >>> Tail(start=10.0, scale=2.0).margin(np.array([8.0, 10.0, 14.0]))
        array([-1.,  0.,  2.])
        """
        z = (scores - self.start) / self.scale
        if not self.shape:
            return z
        inner = np.maximum(1 + self.shape * z, _NEAR_END)
        beyond = np.where(1 + self.shape * z < _NEAR_END, z + (1 - _NEAR_END) / self.shape, 0.0)
        return np.asarray(np.where(z <= 0, z, np.log(inner) / self.shape + np.maximum(beyond, 0.0)))

    def limit(self, budget: float) -> float:
        """Return the margin that ``budget`` benign trees per container-day exceed, at least 0.

        No budget reaches below the tail: what lies there is usual.
        """
        return max(0.0, math.log(max(self.rate, 1e-12) / budget))


def fit_tail(
    scores: Array, days: float, prior: Prior = UNKNOWN, unit: float = 0.0, *, trim: bool = True
) -> tuple[Tail, int]:
    """Fit the tail of benign trees' scores; return it and how many trees are outliers.

    Parameters
    ----------
    scores
        One finite number per tree.
    days
        Container-days in which the trees were seen; above 0.
    prior
        What is known of such tails.
    unit
        Least scale, for scores with a unit of their own.
    trim
        Whether outliers are sought; where nothing can be an attack, none are.

    Examples
    --------
    >>> rng = np.random.default_rng(4)
    >>> benign = rng.exponential(2.0, 20_000)
    >>> tail, outliers = fit_tail(np.concatenate([benign, [400.0] * 29]), days=1.0)
    >>> round(tail.scale, 1), outliers
    (2.0, 29)
    """
    ordered, outliers = np.sort(scores)[::-1], 0
    rate = min(max(RATE, _LEAST / days), len(ordered) / _TENTH / days)
    for _ in range(_ROUNDS if trim and len(ordered) >= _ENOUGH else 0):
        mild = _fitted(ordered[outliers:], days, prior._replace(shape=max(prior.shape, _MILD)), unit, rate)
        beyond = int(np.sum(mild.margin(ordered) > mild.limit(TRIMMED)))
        if beyond <= outliers or beyond > mild.exceedances:
            break
        outliers = beyond
    return _fitted(ordered[outliers:], days, prior, unit, rate, PARTS), outliers


def _fitted(
    ordered: Array, days: float, prior: Prior, unit: float, rate: float, parts: Sequence[int] = (2,)
) -> Tail:
    """Fit once, to scores from high to low; ``parts``: see `PARTS`, the median is always there."""

    def exceeded(times: float) -> float:
        place = min(max(round(times * days), 1), len(ordered)) - 1
        return float(ordered[place])

    shape = prior.shape
    if not len(ordered):
        return Tail(math.inf, 1.0, shape, rate)
    number = min(max(round(rate * days), 1), len(ordered))
    start = exceeded(rate)
    far = [part for part in parts if part == 2 or number >= _ABOVE * part]
    own = sum((exceeded(rate / part) - start) / _stretch(part, shape) for part in far) / len(far)
    body = (start - exceeded(8 * rate)) / -_stretch(1 / 8, shape)
    borrowed = body if prior.scale is None else prior.scale
    kinds = len(np.unique(ordered[:number]))
    scale = (kinds * own + BORROWED * borrowed) / (kinds + BORROWED)
    spread = 0.01 * float(np.mean(np.abs(ordered - np.median(ordered))))
    return Tail(start, max(scale, unit, spread) or 1.0, shape, rate, number, BORROWED / (kinds + BORROWED))


def _stretch(factor: float, shape: float) -> float:
    """Return how many scales lie between two rates that differ by a factor."""
    return math.log(factor) if not shape else (factor**shape - 1) / shape
