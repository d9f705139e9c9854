"""Sigma front end: pySigma parses the files, this module turns its trees into ours.

Only this module and `values` import pySigma; it is itself imported only where Sigma rules are loaded.
Nothing here reaches the network: the parts of pySigma that fetch ATT&CK data or call `requests`
are never imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import singledispatch
from typing import Any, Self

from rtml.errors import RtmlError
from rtml.findings.attack import techniques_of
from rtml.findings.levels import level_of
from rtml.findings.rule_types import finding_type_of
from rtml.rules.language.conditions import All, Condition, Not, any_of
from rtml.rules.language.contract import Rule, Skipped
from rtml.rules.language.inputs import blank
from rtml.rules.language.masks import masks
from rtml.rules.sigma.mapping import LogSource, UnknownName, log_sources
from rtml.rules.sigma.outer import outers
from rtml.rules.sigma.placeholders import Lists, expanded, rule_lists

try:
    from sigma.collection import SigmaCollection
    from sigma.conditions import (
        ConditionAND,
        ConditionFieldEqualsValueExpression,
        ConditionNOT,
        ConditionOR,
        ConditionValueExpression,
    )
    from sigma.policy import SigmaPolicy
    from sigma.policy.regex_engine import RE2RegexEngine
    from sigma.rule import SigmaRule
    from sigma.types import SigmaFieldReference, SigmaString

    from rtml.rules.sigma.values import Unsupported, same_field, value_condition
except ModuleNotFoundError as error:
    raise RtmlError("Sigma rules need pySigma; install it with: pip install 'rtml[sigma]'") from error

__all__ = ["condition_of", "parse"]

_PRODUCTS = (None, "linux")


class _QuietEngine(RE2RegexEngine):
    """RE2, which cannot blow up, without its own error log on stderr."""

    def compile(self, pattern: str, flags: int = 0) -> Any:
        options = self._re2.Options()
        options.log_errors = False
        inline = "".join(name for flag, name in _INLINE.items() if flags & flag)
        return self._re2.compile(f"(?{inline}){pattern}" if inline else pattern, options)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Stay the same where pySigma copies a filter: a module cannot be copied."""
        return self


_INLINE = {re.IGNORECASE: "i", re.MULTILINE: "m", re.DOTALL: "s"}
_POLICY = SigmaPolicy(regex_engine=_QuietEngine())


def parse(text: str, file: str, lists: Lists | None = None) -> Iterator[Rule | Skipped]:
    """Turn one Sigma file, of one document or several, into rules.

    Parameters
    ----------
    text
        YAML. A document that is broken or unsupported yields a `Skipped` and stops no other.
    file
        Its name, for the rules' ``source`` and for the reasons.
    lists
        Values of placeholders; default: those that come with rtml.
    """
    try:
        collection = SigmaCollection.from_yaml(
            text, collect_errors=True, resolve_references=False, policy=_POLICY
        )
        outer = list(outers(collection, file))
    except Exception as error:
        yield Skipped(file, _one_line(error))
        return
    if not collection.rules and not collection.filters:
        yield Skipped(file, "no Sigma rule in this file")
    yield from outer
    for document in collection.rules:
        if not isinstance(document, SigmaRule):
            continue
        try:
            yield _rule(document, file, rule_lists() if lists is None else lists)
        except (UnknownName, Unsupported) as error:
            yield Skipped(file, str(error))
        except Exception as error:
            yield Skipped(file, _one_line(error))


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _rule(document: Any, file: str, lists: Lists) -> Rule:
    if document.errors:
        raise Unsupported(_one_line(document.errors[0]))
    source = replace(_log_source(document.logsource), lists=lists)
    condition = any_of([condition_of(tree.parsed, source) for tree in document.detection.parsed_condition])
    custom = document.custom_attributes
    tags = tuple(str(tag) for tag in document.tags)
    return _checked(
        Rule(
            id=str(document.id or file),
            title=document.title,
            level=_level(document),
            finding_type=custom.get("finding_type") or finding_type_of(tags),
            techniques=techniques_of(tags),
            tags=tags,
            authors=" ".join((document.author or "").split()),
            licence=str(custom.get("license") or document.license or "unstated"),
            source=file,
            kinds=_kinds(document, source),
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


def _log_source(logsource: Any) -> LogSource:
    names = (logsource.product, logsource.category, logsource.service)
    product, category, service = names
    if f"{product}/{service}" in log_sources():
        return log_sources()[f"{product}/{service}"]
    if product not in _PRODUCTS or service is not None:
        raise Unsupported(f"needs logs of {' '.join(n for n in names if n)}, not runtime events")
    if category not in log_sources():
        raise Unsupported(f"log source category {category!r} has no events in a capture")
    return log_sources()[category]


def _kinds(document: Any, source: LogSource) -> tuple[str, ...]:
    used = {item.field for item in _items(document.detection.detections.values())}
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
