"""The ROC curve as weights, many resamples at once, and what is read off it.

Only the distinct scores of attack windows matter: between two of them the curve runs flat, whatever benign
windows do there. Ties are kept: windows with one score are passed together, and count half for AUROC.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

__all__ = ["FPRS", "LEAST_FPR", "STATISTICS", "Roc", "Statistic", "windows_needed"]

FPRS = {"1e-2": 1e-2, "1e-3": 1e-3, "1e-4": 1e-4}
"""False-positive rates at which the share of attack windows is read, as named."""

LEAST_FPR = FPRS["1e-2"]
"""Up to this false-positive rate the partial AUROC is taken."""

_NONE = 1e-300
_ROUNDED = 1 + 1e-12


@dataclass(frozen=True)
class Roc:
    """Weights at each distinct score of an attack window, the highest first: (scores x resamples).

    ``caught``: attack windows of exactly this score. ``tied``: benign windows of exactly this score.
    ``false``: benign windows of at least this score. ``attack``, ``benign``: all of either, one per resample.
    """

    caught: np.ndarray
    tied: np.ndarray
    false: np.ndarray
    attack: np.ndarray
    benign: np.ndarray

    def upto(self, fpr: float) -> Roc:
        """Return the scores before which at most ``fpr`` of benign windows lie, in any resample.

        The share of benign windows above a score only grows from row to row, so that the last is bisected.
        """
        most = fpr * self.benign * _ROUNDED
        end = bisect_left(range(len(self.false)), True, key=lambda row: self._all_above(row, most))
        return Roc(self.caught[:end], self.tied[:end], self.false[:end], self.attack, self.benign)

    def _all_above(self, row: int, most: np.ndarray) -> bool:
        return bool((self.false[row] - self.tied[row] > most).all())


class Statistic(NamedTuple):
    """A number per resample, and the benign windows below which it has no meaning."""

    of: Callable[[Roc], np.ndarray]
    needs: int = 1


def windows_needed(fpr: float) -> int:
    """Return the benign windows of which one is a share of ``fpr``; with fewer it cannot be told from 0.

    Examples
    --------
    >>> [windows_needed(fpr) for fpr in FPRS.values()]
    [100, 1000, 10000]
    """
    return round(1 / fpr)


def auroc(roc: Roc) -> np.ndarray:
    """Return P(attack window above benign one) + P(equal) / 2."""
    above = roc.tied / -2
    above += roc.false
    above *= roc.caught
    return np.asarray(1 - above.sum(axis=0) / (roc.attack * roc.benign))


def average_precision(roc: Roc) -> np.ndarray:
    """Return the sum over scores of (gain in recall) x (precision at that score)."""
    found = np.cumsum(roc.caught, axis=0)
    read = np.maximum(found + roc.false, _NONE)  # in place from here: these arrays are large
    found *= roc.caught
    found /= read
    return np.asarray(found.sum(axis=0) / roc.attack)


def tpr(roc: Roc, fpr: float) -> np.ndarray:
    """Return the greatest share of attack windows at a threshold that at most ``fpr`` of benign reach."""
    near = roc.upto(fpr)
    allowed = near.false <= fpr * roc.benign * _ROUNDED
    return np.asarray((near.caught * allowed).sum(axis=0) / roc.attack)


def partial_auroc(roc: Roc, most: float = LEAST_FPR) -> np.ndarray:
    """Return the area left of ``most``, standardised (McClish): 0.5 is chance, 1 the best."""
    near = roc.upto(most)
    right, left = near.false / roc.benign, (near.false - near.tied) / roc.benign
    width = np.maximum(right - left, _NONE)
    within = np.clip(np.minimum(right, most) - left, 0, None)
    area = within**2 / (2 * width) + np.clip(most - right, 0, None)
    area = (near.caught * area).sum(axis=0) / roc.attack
    least = most**2 / 2
    return np.asarray((1 + (area - least) / (most - least)) / 2)


STATISTICS: dict[str, Statistic] = {
    "auroc": Statistic(auroc),
    "average_precision": Statistic(average_precision),
    "partial_auroc": Statistic(partial_auroc, windows_needed(LEAST_FPR)),
    **{
        f"tpr_at_fpr_{name}": Statistic(partial(tpr, fpr=fpr), windows_needed(fpr))
        for name, fpr in FPRS.items()
    },
}
"""What is read off the curve, by name; AUROC stands beside average precision, never alone."""
