"""The rules of our pack once more, in plain Python: a function each, asked of one event after the other."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from pathlib import Path
from typing import Any

import polars as pl
from sigma.conditions import ConditionAND, ConditionNOT, ConditionOR
from sigma.rule import SigmaRule
from sigma.types import (
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SpecialChars,
)

import rtml.rules
from rtml.captures import open_capture
from rtml.rules.language.columns import LISTS
from rtml.rules.language.inputs import rule_inputs
from rtml.rules.sigma.mapping import log_sources
from rtml.text import SEPARATOR

__all__ = ["hits_of", "inputs_of"]

PACK = Path(rtml.rules.__file__).parent / "packs" / "container"
Event = Mapping[str, Any]
Test = Callable[[Event], bool]
_COMPARE = {"LT": lt, "LTE": le, "GT": gt, "GTE": ge}
_WILD = {SpecialChars.WILDCARD_MULTI: ".*", SpecialChars.WILDCARD_SINGLE: "."}


def inputs_of(folder: Path) -> list[tuple[list[Test], pl.DataFrame]]:
    """Return rules that look at the same events, and these with the columns that they read.

    Raises
    ------
    TypeError
        A rule uses more of Sigma than this can say.
    """
    groups: dict[str, list[tuple[Test, set[str]]]] = {}
    for path in sorted(PACK.glob("*.yml")):
        rule = SigmaRule.from_yaml(path.read_text("utf-8"))
        category = str(rule.logsource.category)
        columns: set[str] = set()
        test = _test(rule.detection.parsed_condition[0].parsed, category, columns)
        groups.setdefault(category, []).append((test, columns))
    return [
        ([test for test, _ in rules], _events(folder, category, rules)) for category, rules in groups.items()
    ]


def hits_of(rules: list[Test], events: pl.DataFrame) -> int:
    """Return how many events match, rule by rule."""
    return sum(rule(event) for event in events.iter_rows(named=True) for rule in rules)


def _events(folder: Path, category: str, rules: list[tuple[Test, set[str]]]) -> pl.DataFrame:
    source, columns = log_sources()[category], sorted(set().union(*(names for _, names in rules)))
    rows = rule_inputs(open_capture(folder), source.kinds, source.where, columns)
    return rows.select(pl.col(f"in:{name}").alias(name) for name in columns).collect()


def _test(node: Any, category: str, columns: set[str]) -> Test:
    if isinstance(node, ConditionAND | ConditionOR):
        parts = [_test(part, category, columns) for part in node.args]
        every = all if isinstance(node, ConditionAND) else any
        return lambda event: every(part(event) for part in parts)
    if isinstance(node, ConditionNOT):
        part = _test(node.args[0], category, columns)
        return lambda event: not part(event)
    names = log_sources()[category].fields[node.field].split()
    columns.update(names)
    holds = _value(node.value)
    if LISTS.intersection(names):
        (name,) = names
        return lambda event: any(map(holds, (event[name] or "").split(SEPARATOR)))
    if len(names) == 1:
        (name,) = names
        return lambda event: holds(event[name])
    return lambda event: any(holds(event[name]) for name in names)


def _value(value: Any) -> Callable[[Any], bool]:
    if isinstance(value, SigmaNull):
        return lambda got: got is None
    if isinstance(value, SigmaExists):
        return lambda got: (got is not None) == value.exists
    if isinstance(value, SigmaString):
        flags = re.DOTALL | (0 if isinstance(value, SigmaCasedString) else re.IGNORECASE)
        match = re.compile("".join(_WILD.get(p) or re.escape(str(p)) for p in value.s), flags).fullmatch
        return lambda got: got is not None and match(str(got)) is not None
    if isinstance(value, SigmaNumber | SigmaBool):
        wanted = value.number if isinstance(value, SigmaNumber) else value.boolean
        return lambda got: bool(got == wanted)
    if isinstance(value, SigmaCompareExpression):
        compare, bound = _COMPARE[value.op.name], value.number.number
        return lambda got: got is not None and compare(got, bound)
    if isinstance(value, SigmaRegularExpression):
        search = re.compile(str(value.regexp)).search
        return lambda got: got is not None and search(str(got)) is not None
    if isinstance(value, SigmaCIDRExpression):
        return lambda got: got is not None and ipaddress.ip_address(got) in value.network
    raise TypeError(type(value))
