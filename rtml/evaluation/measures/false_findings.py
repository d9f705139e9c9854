"""The rate of false findings, by unit and by cause."""

from __future__ import annotations

from dataclasses import replace

from rtml.evaluation.causes import causes
from rtml.evaluation.measure import Measure, poisson_rate
from rtml.evaluation.measures.material import Material

__all__ = ["false_rate", "false_rate_by_cause"]


def false_rate(material: Material) -> Measure:
    """Return false units (container x 5 minutes x lineage root) per container-day, exact Poisson interval.

    References
    ----------
    F. Garwood, Fiducial limits for the Poisson distribution, Biometrika 28 (1936).
    https://doi.org/10.1093/biomet/28.3-4.437

    Examples
    --------
    >>> from rtml.evaluation.measures.example import example
    >>> str(false_rate(example()))
    '3.000 [0.076, 16.715]'
    """
    return poisson_rate(material.matched.false, material.days)


def false_rate_by_cause(material: Material) -> Measure:
    """Return *causes* of false findings per container-day: these an interval may take as independent.

    References
    ----------
    What a cause is: `rtml.evaluation.causes.causes`.

    Examples
    --------
    >>> from rtml.evaluation.measures.example import example
    >>> str(false_rate_by_cause(example()))
    '3.000 [0.076, 16.715]'
    """
    codes = causes(material.false_findings)
    number = codes.n_unique() if len(codes) else 0
    rate = poisson_rate(number, material.days)
    if rate.value is None:
        return rate
    return replace(rate, method=f"exact Poisson; causes: {number}, false findings: {len(codes)}")
