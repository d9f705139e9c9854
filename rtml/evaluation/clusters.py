"""How many independent attacks a number of attacks is worth, when some of them stand or fall together.

A cluster bootstrap covers badly with few clusters (53 to 90 % with three to five), and recordings have few.
An effective number of attacks in an exact interval does not: with one attack per cluster it *is* the exact
interval, with clusters that are alike it is that of the clusters.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

__all__ = ["counted_once", "effective"]


def counted_once(found: np.ndarray, groups: np.ndarray) -> float:
    """Return the effective number when all of a group tell the same: ``n^2 / sum(m_i^2)`` (Kish).

    Groups of equal size count once each; a large group among small ones, which decides the share, less.

    Parameters
    ----------
    found
        One boolean per attack; only their number matters.
    groups
        One code per attack.

    References
    ----------
    L. Kish, Survey Sampling, Wiley 1965.

    Examples
    --------
    >>> counted_once(np.ones(6, bool), np.array([0, 0, 1, 1, 2, 2]))
    3.0
    """
    sizes = np.unique(groups, return_counts=True)[1]
    return float(len(found) ** 2 / np.square(sizes).sum())


def effective(found: np.ndarray, groups: np.ndarray) -> float:
    """Return the effective number of attacks by how much groups differ from each other.

    Parameters
    ----------
    found
        One boolean per attack, at least one.
    groups
        One code per attack.

    Returns
    -------
    ``n / deff * (t(n - 1) / t(k - 1))^2``, for k groups of m_i attacks, y_i of them found, share p:
    ``deff = [k / (k - 1) sum((y_i - p m_i)^2) / n^2] / [p (1 - p) / (n - 1)]``; t is Student's 97.5 %
    quantile. At least what `counted_once` gives (that is the worst), at most n. When all or none were found
    nothing can be seen to differ: the worst is taken.

    Notes
    -----
    Measured in 2,000 draws each of 3 to 38 groups, equal or not, of correlation 0 to 1, shares of 0.1 to 0.9:
    the interval of `rtml.evaluation.measure.share` holds the truth in 93.8 % at worst, mostly in 96 to 100 %.

    References
    ----------
    E. Korn, B. Graubard, Survey Methodology 24 (1998), 193-201.

    Examples
    --------
    >>> effective(np.array([1, 1, 0, 0], bool), np.array([0, 1, 2, 3]))
    4.0
    >>> effective(np.array([1, 1, 0, 0], bool), np.array([0, 0, 1, 1]))
    2.0
    """
    n, share = len(found), float(np.mean(found))
    worst = counted_once(found, groups)
    codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)[1:]
    k = len(sizes)
    if k < 2 or share in (0.0, 1.0):
        return worst
    between = np.bincount(codes, found) - share * sizes
    variance = k / (k - 1) * np.square(between).sum() / n**2
    design = max(1.0, variance * (n - 1) / (share * (1 - share)))
    freedom = (stats.t.ppf(0.975, n - 1) / stats.t.ppf(0.975, k - 1)) ** 2
    return float(np.clip(n / design * freedom, worst, n))
