"""Sigma front end: pySigma parses the files (`documents`), this module turns its trees into ours.

Only this module, `documents` and `values` import pySigma; they are imported only where Sigma rules are
loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import singledispatch
from typing import Any

from rtml.errors import RtmlError
from rtml.findings.attack import techniques_of
from rtml.findings.levels import level_of
from rtml.findings.rule_types import finding_type_of
from rtml.rules.language.conditions import All, Condition, Not, any_of
from rtml.rules.language.contract import Rule
from rtml.rules.language.inputs import blank
from rtml.rules.language.masks import masks
from rtml.rules.sigma.documents import one_line
from rtml.rules.sigma.mapping import LogSource, log_sources
from rtml.rules.sigma.placeholders import Lists, expanded

try:
    from sigma.conditions import (
        ConditionAND,
        ConditionFieldEqualsValueExpression,
        ConditionNOT,
        ConditionOR,
        ConditionValueExpression,
    )
    from sigma.types import SigmaFieldReference, SigmaString

    from rtml.rules.sigma.values import Unsupported, same_field, value_condition
except ModuleNotFoundError as error:
    raise RtmlError("Sigma rules need pySigma; install it with: pip install 'rtml[sigma]'") from error

__all__ = ["condition_of", "log_source", "rule_of"]

_PRODUCTS = (None, "linux")


def rule_of(document: Any, file: str, name: str, lists: Lists, filters: Sequence[Any] = ()) -> Rule:
    """Translate one rule.

    Parameters
    ----------
    document
        pySigma's rule.
    file, name
        Where it stands, and what to call it where it has no id.
    lists
        Values of placeholders.
    filters
        pySigma's filters, whose conditions must hold as well.

    Raises
    ------
    Unsupported, UnknownName
        What it asks for cannot be answered here.
    """
    if document.errors:
        raise Unsupported(one_line(document.errors[0]))
    source = replace(log_source(document.logsource), lists=lists)
    held = [document.detection, *(one.filter for one in filters)]
    tests = [any_of([condition_of(tree.parsed, source) for tree in one.parsed_condition]) for one in held]
    condition = tests[0] if len(tests) == 1 else All(tuple(tests))
    custom = document.custom_attributes
    tags = tuple(str(tag) for tag in document.tags)
    return _checked(
        Rule(
            id=str(document.id or name),
            title=document.title,
            level=_level(document),
            finding_type=custom.get("finding_type") or finding_type_of(tags),
            techniques=techniques_of(tags),
            tags=tags,
            authors=" ".join((document.author or "").split()),
            licence=str(custom.get("license") or document.license or "unstated"),
            source=file,
            kinds=_kinds(held, source),
            where=source.where,
            condition=condition,
            examples=custom.get("examples", {}),
            description=" ".join((document.description or "").split()),
            reference=document.name or "",
        )
    )


def _checked(rule: Rule) -> Rule:
    """Evaluate once on an empty event: what Polars refuses (a huge regex, say) is found here."""
    masks(blank(rule.columns), [rule])
    return rule


def _level(document: Any) -> str:
    return level_of(document.level.name if document.level else "")


def log_source(logsource: Any) -> LogSource:
    """Return what a rule's log source means here; `Unsupported` where a capture has no such events."""
    names = (logsource.product, logsource.category, logsource.service)
    product, category, service = names
    if f"{product}/{service}" in log_sources():
        return log_sources()[f"{product}/{service}"]
    if product not in _PRODUCTS or service is not None:
        raise Unsupported(f"needs logs of {' '.join(n for n in names if n)}, not runtime events")
    if category not in log_sources():
        raise Unsupported(f"log source category {category!r} has no events in a capture")
    return log_sources()[category]


def _kinds(held: Sequence[Any], source: LogSource) -> tuple[str, ...]:
    used = {item.field for one in held for item in _items(one.detections.values())}
    more = (kind for field in sorted(used & set(source.more_kinds)) for kind in source.more_kinds[field])
    return tuple(dict.fromkeys([*source.kinds, *more]))


def _items(detections: Any) -> Iterator[Any]:
    for item in detections:
        if hasattr(item, "detection_items"):
            yield from _items(item.detection_items)
        else:
            yield item


@singledispatch
def condition_of(node: Any, source: LogSource) -> Condition:
    """Translate a node of pySigma's condition tree; refuse what has no meaning here."""
    raise Unsupported(f"{type(node).__name__} is not supported")


@condition_of.register
def _(node: ConditionAND, source: LogSource) -> Condition:
    return All(tuple(condition_of(arg, source) for arg in node.args))


@condition_of.register
def _(node: ConditionOR, source: LogSource) -> Condition:
    return any_of(condition_of(arg, source) for arg in node.args)


@condition_of.register
def _(node: ConditionNOT, source: LogSource) -> Condition:
    return Not(condition_of(node.args[0], source))


@condition_of.register
def _(node: ConditionValueExpression, source: LogSource) -> Condition:
    raise Unsupported("searches keywords in raw log lines, which a capture does not hold")


@condition_of.register
def _(node: ConditionFieldEqualsValueExpression, source: LogSource) -> Condition:
    columns, value = source.column(node.field).split(), node.value
    if isinstance(value, SigmaString) and value.contains_placeholder():
        name = re.fullmatch("%([^%]+)%", str(value))
        if name is None:
            raise Unsupported("mixes a placeholder with text")
        return expanded(name[1], columns, source.lists)
    if isinstance(value, SigmaFieldReference):
        return any_of(
            same_field(value, column, other)
            for column in columns
            for other in source.column(value.field).split()
        )
    return any_of(value_condition(value, column) for column in columns)
