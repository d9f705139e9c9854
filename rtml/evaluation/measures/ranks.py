"""Measures of the ranking of windows: read off one curve, with one set of resamples."""

from __future__ import annotations

from rtml.evaluation.measure import Measure
from rtml.evaluation.measures.material import Material

__all__ = ["auroc", "average_precision", "partial_auroc", "tpr_at_fpr"]


def auroc(material: Material) -> Measure:
    """Return P(attack window above benign one) + P(equal) / 2; 0.5 is chance. Never shown alone.

    References
    ----------
    J. Hanley, B. McNeil, The meaning and use of the area under a ROC curve, Radiology 143 (1982).
    https://doi.org/10.1148/radiology.143.1.7063747

    Examples
    --------
    >>> from rtml.evaluation.measures.example import example
    >>> str(auroc(example()))
    '0.833 [0.500, 1.000]'
    """
    return material.ranking["auroc"]


def average_precision(material: Material) -> Measure:
    """Return the sum over scores of (gain in recall) x (precision there); chance is the prevalence.

    References
    ----------
    https://scikit-learn.org/stable/modules/generated/sklearn.metrics.average_precision_score.html

    Examples
    --------
    >>> from rtml.evaluation.measures.example import example
    >>> str(average_precision(example()))
    '0.671 [0.013, 1.000]'
    """
    return material.ranking["average_precision"]


def partial_auroc(material: Material) -> Measure:
    """Return the area up to 1 % false positives, A, as (1 + (A - m^2/2) / (m - m^2/2)) / 2, m = 0.01.

    References
    ----------
    D. McClish, Analyzing a portion of the ROC curve, Medical Decision Making 9 (1989).
    https://doi.org/10.1177/0272989X8900900307

    Examples
    --------
    >>> from rtml.evaluation.measures.example import example
    >>> str(partial_auroc(example()))
    '0.833 [0.500, 1.000]'
    """
    return material.ranking["partial_auroc"]


def tpr_at_fpr(material: Material, rate: str) -> Measure:
    """Return the share of attack windows above a threshold that at most ``rate`` of benign windows reach.

    Parameters
    ----------
    rate
        One of `rtml.evaluation.roc.FPRS`.

    Returns
    -------
    max TPR(t) over thresholds t with FPR(t) <= rate. Windows of one score are taken together, so a constant
    score reaches 0. Refused with fewer benign windows than 1 / rate.

    References
    ----------
    T. Fawcett, An introduction to ROC analysis, Pattern Recognition Letters 27 (2006).
    https://doi.org/10.1016/j.patrec.2005.10.010

    Examples
    --------
    >>> from rtml.evaluation.measures.example import example
    >>> tpr_at_fpr(example(), "1e-2").value, tpr_at_fpr(example(), "1e-4").reason
    (0.6666666666666666, 'needs >= 10000 benign windows, has 471')
    """
    return material.ranking[f"tpr_at_fpr_{rate}"]
