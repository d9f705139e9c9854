"""Sigma's correlations, as rules over the matches of other rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from rtml.findings.attack import techniques_of
from rtml.findings.levels import LEVELS, level_of
from rtml.findings.rule_types import finding_type_of
from rtml.rules.language.conditions import All
from rtml.rules.language.contract import Rule
from rtml.rules.language.over_rules import MEASURED, Bound, Counted, OverRules, Which, can_hold
from rtml.rules.sigma.documents import Outer
from rtml.rules.sigma.joining import holds_for_none, order_of, which_of
from rtml.rules.sigma.referring import Referred, part_of
from rtml.rules.sigma.values import Unsupported

__all__ = ["over_rules"]

_COUNTED: Mapping[str, Counted] = {
    "event_count": "events",
    "value_count": "values",
    "temporal": "rules",
    "temporal_ordered": "order",
    "value_sum": "sum",
    "value_avg": "average",
    "value_percentile": "percentile",
    "value_median": "percentile",
}
_HOW: Mapping[str, Any] = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "==", "neq": "!="}
_LONGEST = 100 * 365 * 86400
"""Seconds; a longer timespan is all of time, and would not fit beside it."""


def over_rules(outer: Outer, referred: Sequence[Referred], rule_id: str) -> OverRules:
    """Translate a correlation.

    Parameters
    ----------
    outer
        The correlation.
    referred
        Its rules in the order of its references.
    rule_id
        What to call it where it has no id.

    Raises
    ------
    Unsupported, UnknownName
        What it asks for cannot be answered here.
    """
    document, rules = outer.parsed, [one.rule for one in referred]
    fields = tuple(document.group_by or ())
    joined = _joined(outer)
    counted: Counted = "which" if joined is not None and document.type.name == "TEMPORAL" else _kind(outer)
    values, measured = _values(outer, counted), counted in MEASURED
    tags = tuple(map(str, document.tags)) or tuple(dict.fromkeys(tag for rule in rules for tag in rule.tags))
    custom = document.custom_attributes
    stated = level_of(document.level.name) if document.level else None
    return OverRules(
        id=str(document.id or rule_id),
        title=document.title,
        level=stated or max((rule.level for rule in rules), key=LEVELS.__getitem__),
        finding_type=custom.get("finding_type") or finding_type_of(tags),
        techniques=techniques_of(tags),
        tags=tags,
        authors=" ".join((document.author or "").split()),
        licence=str(custom.get("license") or document.license or "unstated"),
        source=outer.file,
        kinds=tuple(dict.fromkeys(kind for rule in rules for kind in rule.kinds)),
        where="",
        condition=All(()),
        description=" ".join((document.description or "").split()),
        reference=document.name or "",
        parts=tuple(part_of(outer, one, fields, values, measured) for one in referred),
        counted=counted,
        bounds=() if joined is not None else _bounds(outer, counted, len(rules)),
        span=dt.timedelta(seconds=min(document.timespan.seconds, _LONGEST)),
        fields=fields,
        percentile=_percentile(outer) if counted == "percentile" else 50.0,
        which=joined if counted == "which" and joined is not None else 0,
        places=order_of(joined, len(rules))
        if joined is not None and counted == "order"
        else _as_named(rules),
    )


def _kind(outer: Outer) -> Counted:
    return _COUNTED[outer.parsed.type.name.lower()]


def _joined(outer: Outer) -> Which | None:
    """Return the condition of a temporal correlation that joins its rules by and, or, not."""
    condition = outer.parsed.condition
    if not hasattr(condition, "expression"):
        return None
    which = which_of(condition.parsed, outer.rules or ())
    if outer.parsed.type.name == "TEMPORAL":
        if holds_for_none(which):
            raise Unsupported("its condition holds where nothing happened: no event could be its hit")
        if not can_hold(which, range(len(outer.rules or ()))):
            raise Unsupported("its condition contradicts itself: nothing fulfils it")
    return which


def _as_named(rules: Sequence[Rule]) -> tuple[int, ...]:
    return tuple(range(len(rules)))


def _values(outer: Outer, counted: Counted) -> tuple[str, ...]:
    if counted != "values" and counted not in MEASURED:
        return ()
    named = outer.parsed.condition.fieldref
    values = [named] if isinstance(named, str) else named
    if not isinstance(values, list) or not values:
        raise Unsupported("its condition names no field whose values are counted")
    if counted in MEASURED and len(values) > 1:
        raise Unsupported("its condition names several fields: one has a sum, a mean or a percentile")
    return tuple(map(str, values))


def _percentile(outer: Outer) -> float:
    if outer.parsed.type.name == "VALUE_MEDIAN":
        return 50.0
    asked = outer.percentile
    if isinstance(asked, bool) or not isinstance(asked, int | float) or not 0 <= asked <= 100:
        raise Unsupported(f"its condition needs a percentile from 0 to 100, not {asked!r}")
    return float(asked)


def _bounds(outer: Outer, counted: Counted, rules: int) -> tuple[Bound, ...]:
    try:
        bounds = tuple(Bound(_HOW[name], float(number)) for name, number in outer.comparisons.items())
    except (TypeError, ValueError, OverflowError):
        raise Unsupported(f"its condition {outer.comparisons} compares with no number") from None
    if any(bound.number != bound.number for bound in bounds):
        raise Unsupported("its condition compares with no number")
    bounds = bounds or (Bound(">=", rules),)
    if counted == "order" and not _asks_for_all(bounds, rules):
        raise Unsupported("an order of some of its rules only is not supported")
    return bounds


def _asks_for_all(bounds: tuple[Bound, ...], rules: int) -> bool:
    wanted = {"==": rules, ">=": rules, ">": rules - 1}
    return all(bound.how in wanted and bound.number == wanted[bound.how] for bound in bounds)
