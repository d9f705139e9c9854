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
from rtml.rules.language.over_rules import Bound, Counted, OverRules, Part
from rtml.rules.sigma.documents import Outer
from rtml.rules.sigma.mapping import LogSource
from rtml.rules.sigma.values import Unsupported

__all__ = ["over_rules"]

_COUNTED: Mapping[str, Counted] = {
    "event_count": "events",
    "value_count": "values",
    "temporal": "rules",
    "temporal_ordered": "order",
}
_HOW: Mapping[str, Any] = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "==", "neq": "!="}
_LONGEST = 100 * 365 * 86400
"""Seconds; a longer timespan is all of time, and would not fit beside it."""


def over_rules(outer: Outer, parts: Sequence[tuple[Rule, LogSource]], rule_id: str) -> OverRules:
    """Translate a correlation.

    Parameters
    ----------
    outer
        The correlation.
    parts
        Its rules in the order of its references, each with its log source.
    rule_id
        What to call it where it has no id.

    Raises
    ------
    Unsupported, UnknownName
        What it asks for cannot be answered here.
    """
    document, rules = outer.parsed, [rule for rule, _ in parts]
    kind = document.type.name.lower()
    if kind not in _COUNTED:
        raise Unsupported(f"correlations of type {kind} are not supported")
    fields = tuple(document.group_by or ())
    counted = _COUNTED[kind]
    columns = [_columns(outer, source, rule, fields, counted) for rule, source in parts]
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
        parts=tuple(Part(rule, *found) for rule, found in zip(rules, columns, strict=True)),
        counted=counted,
        bounds=_bounds(outer, counted, len(rules)),
        span=dt.timedelta(seconds=min(document.timespan.seconds, _LONGEST)),
        fields=fields,
    )


def _bounds(outer: Outer, counted: Counted, rules: int) -> tuple[Bound, ...]:
    if isinstance(outer.parsed.condition, str) or hasattr(outer.parsed.condition, "expression"):
        raise Unsupported("conditions that join rules by and, or, not are not supported")
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


def _columns(
    outer: Outer, source: LogSource, rule: Rule, fields: Sequence[str], counted: Counted
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns of a rule's events that group them, and those whose values are counted."""
    keys = tuple(_column(outer, source, rule, name) for name in fields)
    if counted != "values":
        return keys, ()
    named = outer.parsed.condition.fieldref
    values = [named] if isinstance(named, str) else named
    if not isinstance(values, list) or not values:
        raise Unsupported("its condition names no field whose values are counted")
    return keys, tuple(_column(outer, source, rule, str(name)) for name in values)


def _column(outer: Outer, source: LogSource, rule: Rule, name: str) -> str:
    alias = outer.parsed.aliases.aliases.get(name)
    if alias is not None:
        known = {reference.reference.lower(): field for reference, field in alias.mapping.items()}
        field = next((known[n.lower()] for n in (rule.reference, rule.id) if n.lower() in known), None)
        if field is None:
            raise Unsupported(f"its alias {name!r} has no field for the rule {rule.title!r}")
        name = str(field)
    columns = source.column(name).split()
    if len(columns) > 1:
        raise Unsupported(
            f"field {name!r} stands for several columns ({', '.join(columns)}): no group or value"
        )
    return columns[0]
