"""The values that Sigma compares fields with: numbers, texts with wildcards, networks, other fields.

Imports pySigma, as `rtml.rules.sigma.reading` does, which is the only one to import this.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
)

from rtml.reading.escapes import literal
from rtml.rules.language.columns import LISTS
from rtml.rules.language.conditions import (
    Absent,
    Condition,
    How,
    Network,
    Not,
    Number,
    Pattern,
    Same,
    Text,
    any_of,
)
from rtml.rules.language.wildcards import text_condition

__all__ = ["Unsupported", "same_field", "value_condition"]

_COMPARE: dict[Any, Any] = {
    CompareOperators.LT: "<",
    CompareOperators.LTE: "<=",
    CompareOperators.GT: ">",
    CompareOperators.GTE: ">=",
}


class Unsupported(Exception):
    """The rule asks for something that an event table cannot answer."""


def same_field(value: SigmaFieldReference, column: str, other: str) -> Condition:
    """Translate the comparison of a column with another; refuse columns of several values."""
    if {column, other} & LISTS:
        raise Unsupported(f"compares a field with {value.field}, and one of them has several values")
    hows: dict[tuple[bool, bool], How] = {
        (False, False): "equals",
        (True, False): "starts",
        (False, True): "ends",
        (True, True): "contains",
    }
    return Same(column, hows[value.starts_with, value.ends_with], other)


@singledispatch
def value_condition(value: Any, column: str) -> Condition:
    """Translate the value that a field is compared with."""
    raise Unsupported(f"{type(value).__name__} is not supported")


@value_condition.register
def _(value: SigmaString, column: str) -> Condition:
    wild: dict[Any, str] = {SpecialChars.WILDCARD_MULTI: "*", SpecialChars.WILDCARD_SINGLE: "?"}
    if any(not isinstance(part, (str, SpecialChars)) for part in value.s):
        raise Unsupported("has a placeholder that only its owner can fill")
    parts = [(literal(part), False) if isinstance(part, str) else (wild[part], True) for part in value.s]
    return text_condition(column, parts, isinstance(value, SigmaCasedString))


@value_condition.register
def _(value: SigmaExpansion, column: str) -> Condition:
    return any_of(value_condition(alternative, column) for alternative in value.values)


@value_condition.register
def _(value: SigmaNumber, column: str) -> Condition:
    return Number(column, "==", value.number)


@value_condition.register
def _(value: SigmaTimestampPart, column: str) -> Condition:
    raise Unsupported("parts of a time of day are not supported")


@value_condition.register
def _(value: SigmaBool, column: str) -> Condition:
    return Text(column, "equals", (str(value.boolean).lower(),))


@value_condition.register
def _(value: SigmaCompareExpression, column: str) -> Condition:
    if value.op not in _COMPARE:
        return Not(Number(column, "==", value.number.number))
    return Number(column, _COMPARE[value.op], value.number.number)


@value_condition.register
def _(value: SigmaRegularExpression, column: str) -> Condition:
    flags = "".join(sorted(value.sigma_to_re_flag[flag] for flag in value.flags))
    return Pattern(column, f"(?{flags}){value.regexp}" if flags else str(value.regexp))


@value_condition.register
def _(value: SigmaCIDRExpression, column: str) -> Condition:
    return Network(column, str(value.network))


@value_condition.register
def _(value: SigmaNull, column: str) -> Condition:
    return Absent(column)


@value_condition.register
def _(value: SigmaExists, column: str) -> Condition:
    return Not(Absent(column)) if value.exists else Absent(column)
