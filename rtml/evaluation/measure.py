"""A number with its interval, or the reason why there is none. Never 0 for 'unknown'."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

__all__ = ["Measure", "kept", "poisson_rate", "refused", "share"]

RESAMPLES = 2000
"""Bootstrap resamples; 2.5 % tails of 2,000 rest on 50 values each."""

LEVEL = 0.95

_SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Measure:
    """A value, its 95 % interval, how the interval was made, and why something is missing.

    Examples
    --------
    >>> str(Measure(0.5, 0.25, 0.75)), str(refused("no attacks in test time"))
    ('0.500 [0.250, 0.750]', 'undefined: no attacks in test time')
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    method: str | None = None
    reason: str | None = None

    def __str__(self) -> str:
        """Show the value with its interval, or the reason."""
        if self.value is None:
            return f"undefined: {self.reason}"
        interval = "" if self.low is None else f" [{self.low:.3f}, {self.high:.3f}]"
        return f"{self.value:.3f}{interval}"


def refused(reason: str) -> Measure:
    """Return the measure that the data cannot carry."""
    return Measure(None, reason=reason)


def share(detected: np.ndarray, seed: int = 0) -> Measure:
    """Return the share of attacks found, with a bootstrap interval over attacks.

    Parameters
    ----------
    detected
        One boolean per attack.
    seed
        Of the resampling; the same seed gives the same interval.

    Returns
    -------
    In [0, 1]; undefined (not 0) without attacks. When all or none were found every resample is
    alike and the bootstrap would claim certainty: then, and for fewer than two attacks, the exact
    Clopper-Pearson interval is given instead, and ``method`` says so.

    References
    ----------
    https://docs.scipy.org/doc/scipy/reference/generated/scipy.stats.bootstrap.html

    Examples
    --------
    >>> str(share(np.array([True] * 8)))
    '1.000 [0.631, 1.000]'
    >>> share(np.array([], bool)).reason
    'no attack in test time: recall is undefined'
    """
    n, hits = len(detected), int(np.sum(detected))
    if n == 0:
        return refused("no attack in test time: recall is undefined")
    if hits in (0, n) or n < 2:
        exact = stats.binomtest(hits, n).proportion_ci(LEVEL, method="exact")
        return Measure(hits / n, float(exact.low), float(exact.high), "exact binomial")
    draws = np.random.default_rng(seed).integers(0, n, (RESAMPLES, n))
    low, high = interval(np.asarray(detected, float)[draws].mean(axis=1))
    return Measure(hits / n, low, high, f"bootstrap over {n} attacks")


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the central 95 % of resampled values."""
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def poisson_rate(count: int, exposure: float) -> Measure:
    """Return events per unit of exposure with the exact (Garwood) Poisson interval.

    Parameters
    ----------
    count
        Events seen, 0 or more.
    exposure
        Container-days; 0 is refused.

    Returns
    -------
    ``count / exposure`` and ``[chi2(2.5 %, 2k) / 2, chi2(97.5 %, 2k + 2) / 2] / exposure``. No
    event in one container-day still allows 3.7 a day.

    References
    ----------
    F. Garwood, Fiducial limits for the Poisson distribution, Biometrika 28 (1936).
    https://doi.org/10.1093/biomet/28.3-4.437

    Examples
    --------
    >>> str(poisson_rate(0, 1.0)), str(poisson_rate(3, 2.0))
    ('0.000 [0.000, 3.689]', '1.500 [0.309, 4.384]')
    """
    if exposure <= 0:
        return refused("no container time in the test part was judged")
    tail = (1 - LEVEL) / 2
    low = 0.0 if count == 0 else stats.chi2.ppf(tail, 2 * count) / 2
    high = stats.chi2.ppf(1 - tail, 2 * count + 2) / 2
    return Measure(count / exposure, float(low) / exposure, float(high) / exposure, "exact Poisson")


def kept(count: int, allowed: float) -> str:
    """Say whether a budget was kept: ``broken`` where so many events are likely at most one time in 20.

    Exact one-sided Poisson test of ``count`` against the mean ``allowed``; a budget that is held may still
    have been lucky, and dependent findings break it sooner than they should.

    Examples
    --------
    >>> kept(3, 1.2), kept(4, 1.2)
    ('held', 'broken')
    """
    return "broken" if stats.poisson.sf(count - 1, allowed) <= _SIGNIFICANT else "held"
