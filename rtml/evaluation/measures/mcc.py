"""Matthews' correlation of flags and attacks: one number for an alarm threshold that no class dominates."""

from __future__ import annotations

import numpy as np

from rtml.evaluation.measure import Measure, interval, refused
from rtml.evaluation.measures.material import Material
from rtml.evaluation.measures.windows import JOINT, Confusion

__all__ = ["matthews", "mcc"]

_ALIKE = 1e-12


def mcc(material: Material) -> Measure:
    """Return the correlation of flagged windows with attack windows at the alarm threshold.

    Returns
    -------
    In [-1, 1], 0 for chance, with a two-way bootstrap interval (attacks x benign containers); where all
    resamples are alike, that of the exact bounds of both rates. Refused where no window, or every one, is
    flagged: nothing varies then.

    References
    ----------
    B. Matthews, Comparison of the predicted and observed secondary structure, BBA 405 (1975).
    https://doi.org/10.1016/0005-2795(75)90109-9

    Examples
    --------
    >>> from rtml.evaluation.measures.example import example
    >>> str(mcc(example()))
    '0.727 [0.358, 1.000]'
    """
    matrix = material.confusion
    if matrix.refusal:
        return refused(matrix.refusal)
    value = float(matthews(*(np.array(cell) for cell in matrix.counts())))
    if np.isnan(value):
        return refused("flags no window" if not matrix.hit.any() else "flags every window")
    attacks, containers = len(np.unique(matrix.attack)), len(np.unique(matrix.container))
    if attacks < 2 or not material.resamples:
        return Measure(value, method="no interval: fewer than 2 attacks")
    drawn = matthews(*matrix.resampled(material.track.seed, material.resamples))
    known = drawn[~np.isnan(drawn)]
    if np.ptp(known) < _ALIKE:
        return _bounded(matrix, value)
    low, high = interval(known)
    return Measure(value, low, high, f"bootstrap over {attacks} attacks x {containers} benign containers")


def _bounded(matrix: Confusion, value: float) -> Measure:
    """Return the value between those of the worst and the best pair of rates."""
    hits, benign = len(matrix.hit), len(matrix.false)
    (least, most), (fewest, highest) = matrix.rates(JOINT)
    low, high = (
        float(matthews(*map(np.array, (hits * t, benign * f, hits * (1 - t), benign * (1 - f)))))
        for t, f in ((least, highest), (most, fewest))
    )
    return Measure(value, low, high, "exact binomial bounds of both rates: resamples are alike")


def matthews(hits: np.ndarray, false: np.ndarray, missed: np.ndarray, quiet: np.ndarray) -> np.ndarray:
    """Return (TP TN - FP FN) / sqrt((TP + FP)(TP + FN)(TN + FP)(TN + FN)); NaN where a factor is 0.

    Examples
    --------
    >>> round(float(matthews(*map(np.array, (6.0, 1.0, 2.0, 3.0)))), 3)
    0.478
    """
    product = (hits + false) * (hits + missed) * (quiet + false) * (quiet + missed)
    root = np.sqrt(np.where(product > 0, product, np.nan))
    return np.asarray((hits * quiet - false * missed) / root)
