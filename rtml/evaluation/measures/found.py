"""The share of attacks found, and what it claims about other containers and techniques."""

from __future__ import annotations

from rtml.evaluation.measure import Measure, share
from rtml.evaluation.measures.material import Material
from rtml.evaluation.origins import groups_of

__all__ = ["found", "found_by_container", "found_by_technique"]


def found(material: Material) -> Measure:
    """Return found / attacks, with the exact binomial interval; trials of one recording count once.

    References
    ----------
    See `rtml.evaluation.measure.share`.

    Examples
    --------
    >>> from rtml.evaluation.measures.example import example
    >>> str(found(example()))
    '0.667 [0.094, 0.992]'
    """
    return _share(material, None)


def found_by_container(material: Material) -> Measure:
    """Return the same share with the interval for attacks in *other containers* than these.

    References
    ----------
    See `rtml.evaluation.clusters.effective`.

    Examples
    --------
    >>> from rtml.evaluation.measures.example import example
    >>> str(found_by_container(example()))
    '0.667 [0.030, 0.999]'
    """
    return _share(material, "container_id")


def found_by_technique(material: Material) -> Measure:
    """Return the same share with the interval for attacks of *other techniques* than these.

    References
    ----------
    See `rtml.evaluation.clusters.effective`.

    Examples
    --------
    >>> from rtml.evaluation.measures.example import example
    >>> str(found_by_technique(example()))
    '0.667 [0.030, 0.999]'
    """
    return _share(material, "technique")


def _share(material: Material, by: str | None) -> Measure:
    attacks = material.attacks
    groups = None if by is None else groups_of(attacks, by)
    return share(attacks["found"].to_numpy(), groups, once=groups_of(material.track.labels))
