"""From a condition tree to an event that satisfies it: a value for every column that it tests."""

from __future__ import annotations

import ipaddress
import random
import re
from functools import cache
from typing import Any

import polars as pl
from hypothesis import HealthCheck, find, settings
from hypothesis.strategies import characters, from_regex

from rtml.rules.language.columns import DERIVED, LISTS, TYPES, is_number
from rtml.rules.language.conditions import Absent, All, AnyOf, Condition, Network, Not, Number, Pattern, Text
from rtml.rules.language.contract import Rule
from rtml.rules.language.examples import matches

TRIES = 60
PRINTABLE = characters(min_codepoint=32, max_codepoint=126)
QUIET = settings(database=None, derandomize=True, max_examples=2000, suppress_health_check=list(HealthCheck))
RAW = {
    "program": "exe",
    "target": "path",
    "file": "path",
    "user": "uid",
    "image_repositories": "images",
    "image_text": "images",
}
CALLS: dict[str, dict[str, Any]] = {
    "credentialaccess": {"verb": "get", "resource": "secrets"},
    "defenseevasion": {"verb": "delete", "resource": "events"},
    "discovery": {"verb": "get", "resource": "pods"},
    "impact": {"verb": "delete", "resource": "pods"},
    "persistence": {"verb": "create", "resource": "cronjobs"},
}
"""An API call of each tactic."""
ALWAYS = {
    "written": {"wrote": True},
    "addressed": {"dst_ip": "203.0.113.9"},
    "succeeded": {"result": 0},
    "read": {"wrote": False},
    "": {},
    "final": {},
}


def witness(rule: Rule) -> dict[str, Any] | None:
    """Return an event that makes the rule fire, choosing among alternatives by chance."""
    dice = random.Random(rule.id)
    for _ in range(TRIES):
        wishes: list[tuple[str, str, Any]] = []
        _wish(rule.condition, dice, wishes)
        for kind in rule.kinds:
            event = {"kind": kind, **ALWAYS[rule.where], **_event(wishes)}
            if matches(rule, [event]) == [True]:
                return event
    return None


def _wish(condition: Condition, dice: random.Random, wishes: list[tuple[str, str, Any]]) -> None:
    match condition:
        case All(args):
            for arg in args:
                _wish(arg, dice, wishes)
        case AnyOf(args):
            _wish(dice.choice(args), dice, wishes)
        case Text(column, how, values):
            wishes.append((column, how, dice.choice(values)))
        case Pattern(column, regex):
            wishes.append((column, "contains", example(regex)))
        case Number(column, how, value):
            wishes.append((column, "is", value + {">": 1, "<": -1}.get(how, 0)))
        case Network(column, cidr):
            wishes.append((column, "is", str(ipaddress.ip_network(cidr)[0])))
        case Not(Absent(column)):
            wishes.append((column, "contains", "x"))
        case Not(Not(arg)):
            _wish(arg, dice, wishes)
        case _:
            pass  # an absent column makes it true


def _event(wishes: list[tuple[str, str, Any]]) -> dict[str, Any]:
    event: dict[str, Any] = {}
    for column in {column for column, _, _ in wishes}:
        wanted = [(how, value) for name, how, value in wishes if name == column]
        value = _value(wanted)
        name = RAW.get(column, column)
        assert name not in DERIVED or column in ("initiated", "succeeded", "creates", "tactic"), column
        if column == "initiated":
            event["direction"] = "outbound"
        elif column == "succeeded":
            event["code"] = 201 if value == "true" else 403
        elif column == "creates":
            event["verb"] = "create" if value == "true" else "get"
        elif column == "tactic":
            event |= CALLS[value.lower()]
        elif column == "user":
            event["uid"] = 0 if value == "root" else value
        else:
            event[name] = [value] if column in LISTS else _typed(name, value)
    return event


def _typed(name: str, value: Any) -> Any:
    """Give text the column's type; text that a number cannot be is left out."""
    if TYPES.get(name) == pl.Boolean and isinstance(value, str):  # lineage is always text
        return value == "true"
    return None if is_number(name) and isinstance(value, str) else value


def _value(wanted: list[tuple[str, Any]]) -> Any:
    for how, value in wanted:
        if how in ("equals", "is"):
            return value
    parts = {place: [v for how, v in wanted if how == place] for place in ("starts", "ends")}
    inner = " ".join(v for how, v in wanted if how == "contains")
    start = max(parts["starts"], key=len, default="")
    return start + inner + max(parts["ends"], key=len, default="")


@cache
def example(regex: str) -> str:
    """Return a printable text in which the regular expression is found; always the same."""
    text: str = find(from_regex(re.compile(regex), alphabet=PRINTABLE), lambda t: True, settings=QUIET)
    return text
