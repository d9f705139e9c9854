"""Precision at a base rate of the real world: recordings hold far more attack time than clusters do."""

from __future__ import annotations

from rtml.evaluation.measure import Measure, refused
from rtml.evaluation.measures.material import Material
from rtml.evaluation.measures.windows import JOINT

__all__ = ["PREVALENCES", "adjusted", "precision_at"]

PREVALENCES = {"1e-3": 1e-3, "1e-4": 1e-4, "1e-5": 1e-5, "1e-6": 1e-6}
"""Shares of windows that hold an attack, as named."""


def precision_at(material: Material, prevalence: str) -> Measure:
    """Return the share of flagged windows that would hold an attack if ``prevalence`` of all windows did.

    Parameters
    ----------
    prevalence
        One of `PREVALENCES`.

    Returns
    -------
    ``pi TPR / (pi TPR + (1 - pi) FPR)`` at the alarm threshold, with TPR and FPR as shares of attack and of
    benign windows flagged. Bounds put the exact binomial bounds of both rates, 97.5 % each, against each
    other. Undefined where no window is flagged.

    References
    ----------
    S. Axelsson, The base-rate fallacy and the difficulty of intrusion detection, ACM TISSEC 3 (2000).
    https://doi.org/10.1145/357830.357849

    Examples
    --------
    >>> from rtml.evaluation.measures.example import example
    >>> str(precision_at(example(), "1e-3"))
    '0.239 [0.002, 1.000]'
    """
    matrix = material.confusion
    if matrix.refusal:
        return refused(matrix.refusal)
    hits, false, *_ = matrix.counts()
    if hits == false == 0:
        return refused("flags no window")
    pi = PREVALENCES[prevalence]
    value = adjusted(pi, hits / len(matrix.hit), false / len(matrix.false))
    (least, most), (fewest, highest) = matrix.rates(JOINT)
    low, high = adjusted(pi, least, highest), adjusted(pi, most, fewest)
    return Measure(value, low, high, "exact binomial bounds of both rates, 97.5 % each")


def adjusted(prevalence: float, true: float, false: float) -> float:
    """Return precision for a prevalence, a true and a false positive rate; 0 where nothing is flagged.

    Examples
    --------
    >>> round(adjusted(1e-4, true=1.0, false=0.001), 3)
    0.091
    """
    hits = prevalence * true
    return hits / (hits + (1 - prevalence) * false) if hits else 0.0
