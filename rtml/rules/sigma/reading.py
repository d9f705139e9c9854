"""Sigma front end: pySigma parses the files, this module turns its trees into ours.

The only module that imports pySigma; it is itself imported only where Sigma rules are loaded.
Nothing here reaches the network: the parts of pySigma that fetch ATT&CK data or call `requests`
are never imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import singledispatch
from typing import Any

from rtml.errors import RtmlError
from rtml.findings.attack import techniques_of
from rtml.findings.levels import level_of
from rtml.findings.rule_types import finding_type_of
from rtml.rules.language.conditions import Absent, All, Condition, Network, Not, Number, Pattern, Text, any_of
from rtml.rules.language.contract import Rule, Skipped
from rtml.rules.language.inputs import blank
from rtml.rules.language.masks import masks
from rtml.rules.language.wildcards import text_condition
from rtml.rules.sigma.mapping import LogSource, UnknownName, log_sources
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
    from sigma.types import (
        CompareOperators,
        SigmaBool,
        SigmaCasedString,
        SigmaCIDRExpression,
        SigmaCompareExpression,
        SigmaExists,
        SigmaExpansion,
        SigmaNull,
        SigmaNumber,
        SigmaRegularExpression,
        SigmaString,
        SigmaTimestampPart,
        SpecialChars,
    )
except ModuleNotFoundError as error:
    raise RtmlError("Sigma rules need pySigma; install it with: pip install 'rtml[sigma]'") from error

__all__ = ["condition_of", "parse"]

_PRODUCTS = (None, "linux")
_COMPARE: dict[Any, Any] = {
    CompareOperators.LT: "<",
    CompareOperators.LTE: "<=",
    CompareOperators.GT: ">",
    CompareOperators.GTE: ">=",
}


class _QuietEngine(RE2RegexEngine):
    """RE2, which cannot blow up, without its own error log on stderr."""

    def compile(self, pattern: str, flags: int = 0) -> Any:
        options = self._re2.Options()
        options.log_errors = False
        inline = "".join(name for flag, name in _INLINE.items() if flags & flag)
        return self._re2.compile(f"(?{inline}){pattern}" if inline else pattern, options)


_INLINE = {re.IGNORECASE: "i", re.MULTILINE: "m", re.DOTALL: "s"}
_POLICY = SigmaPolicy(regex_engine=_QuietEngine())


class _Unsupported(Exception):
    """The rule asks for something that an event table cannot answer."""


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
        documents = SigmaCollection.from_yaml(text, collect_errors=True, policy=_POLICY).rules
    except Exception as error:
        yield Skipped(file, _one_line(error))
        return
    if not documents:
        yield Skipped(file, "no Sigma rule in this file")
    for document in documents:
        try:
            yield _rule(document, file, rule_lists() if lists is None else lists)
        except (UnknownName, _Unsupported) as error:
            yield Skipped(file, str(error))
        except Exception as error:
            yield Skipped(file, _one_line(error))


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _rule(document: Any, file: str, lists: Lists) -> Rule:
    if document.errors:
        raise _Unsupported(_one_line(document.errors[0]))
    if not isinstance(document, SigmaRule):
        raise _Unsupported(f"{type(document).__name__} is not supported, only plain rules")
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
        raise _Unsupported(f"needs logs of {' '.join(n for n in names if n)}, not runtime events")
    if category not in log_sources():
        raise _Unsupported(f"log source category {category!r} has no events in a capture")
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
    raise _Unsupported(f"{type(node).__name__} is not supported")


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
    raise _Unsupported("searches keywords in raw log lines, which a capture does not hold")


@condition_of.register
def _(node: ConditionFieldEqualsValueExpression, source: LogSource) -> Condition:
    columns, value = source.column(node.field).split(), node.value
    if isinstance(value, SigmaString) and value.contains_placeholder():
        name = re.fullmatch("%([^%]+)%", str(value))
        if name is None:
            raise _Unsupported("mixes a placeholder with text")
        return expanded(name[1], columns, source.lists)
    return any_of(_value(value, column) for column in columns)


@singledispatch
def _value(value: Any, column: str) -> Condition:
    """Translate the value that a field is compared with."""
    raise _Unsupported(f"{type(value).__name__} is not supported")


@_value.register
def _(value: SigmaString, column: str) -> Condition:
    wild: dict[Any, str] = {SpecialChars.WILDCARD_MULTI: "*", SpecialChars.WILDCARD_SINGLE: "?"}
    if any(not isinstance(part, (str, SpecialChars)) for part in value.s):
        raise _Unsupported("has a placeholder that only its owner can fill")
    parts = [(part, False) if isinstance(part, str) else (wild[part], True) for part in value.s]
    return text_condition(column, parts, isinstance(value, SigmaCasedString))


@_value.register
def _(value: SigmaExpansion, column: str) -> Condition:
    return any_of(_value(alternative, column) for alternative in value.values)


@_value.register
def _(value: SigmaNumber, column: str) -> Condition:
    return Number(column, "==", value.number)


@_value.register
def _(value: SigmaTimestampPart, column: str) -> Condition:
    raise _Unsupported("parts of a time of day are not supported")


@_value.register
def _(value: SigmaBool, column: str) -> Condition:
    return Text(column, "equals", (str(value.boolean).lower(),))


@_value.register
def _(value: SigmaCompareExpression, column: str) -> Condition:
    if value.op not in _COMPARE:
        return Not(Number(column, "==", value.number.number))
    return Number(column, _COMPARE[value.op], value.number.number)


@_value.register
def _(value: SigmaRegularExpression, column: str) -> Condition:
    flags = "".join(sorted(value.sigma_to_re_flag[flag] for flag in value.flags))
    return Pattern(column, f"(?{flags}){value.regexp}" if flags else str(value.regexp))


@_value.register
def _(value: SigmaCIDRExpression, column: str) -> Condition:
    return Network(column, str(value.network))


@_value.register
def _(value: SigmaNull, column: str) -> Condition:
    return Absent(column)


@_value.register
def _(value: SigmaExists, column: str) -> Condition:
    return Not(Absent(column)) if value.exists else Absent(column)
