"""The feature families by name: ours, and those of packages that are installed beside us."""

from __future__ import annotations

from collections.abc import Iterable

from rtml import registered
from rtml.baselines import Conditional
from rtml.errors import UnknownNameError, did_you_mean
from rtml.features.contract import Family
from rtml.registry import Registry

__all__ = ["AUDIT_FAMILIES", "FAMILIES", "all_conditionals", "families_of"]

FAMILIES: Registry[Family] = Registry(
    "feature family", "rtml.features", registered.FAMILIES, lambda entry: isinstance(entry, Family)
)
"""Every registered family of containers by name. ``families=None`` means ``FAMILIES.own``: a package that
is installed beside us must be named, so that installing it changes no result."""

AUDIT_FAMILIES: Registry[Family] = Registry(
    "feature family",
    "rtml.audit_features",
    registered.AUDIT_FAMILIES,
    lambda entry: isinstance(entry, Family),
)
"""Families of the Kubernetes audit log; their windows are of API users."""


def families_of(names: Iterable[str] | None) -> dict[str, Family]:
    """Return families by name; None means all of ours for containers."""
    return {name: _family(name) for name in (FAMILIES.own if names is None else names)}


def _family(name: str) -> Family:
    if name in AUDIT_FAMILIES:
        return AUDIT_FAMILIES[name]
    if name not in FAMILIES:
        raise UnknownNameError(
            f"unknown feature family {name!r}; {did_you_mean(name, [*FAMILIES, *AUDIT_FAMILIES])}"
        )
    return FAMILIES[name]


def all_conditionals() -> dict[str, Conditional]:
    """Return what every family counts that is installed, ours and those of other packages, by name.

    Examples
    --------
    >>> all_conditionals()["audit.call"].family
    'audit'
    """
    families = [family for table in (FAMILIES, AUDIT_FAMILIES) for _, family in table.working()]
    return {conditional.name: conditional for family in families for conditional in family.conditionals}
