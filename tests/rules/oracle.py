"""Sigma's meaning once more, in plain Python over pySigma's own tree: slow, and easy to check."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from sigma.conditions import ConditionAND, ConditionNOT, ConditionOR
from sigma.types import (
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

COMPARE = {"LT": "__lt__", "LTE": "__le__", "GT": "__gt__", "GTE": "__ge__"}


def holds(node: Any, event: Mapping[str, Any]) -> bool:
    """Tell whether a condition holds of an event given by Sigma's field names."""
    if isinstance(node, ConditionAND):
        return all(holds(arg, event) for arg in node.args)
    if isinstance(node, ConditionOR):
        return any(holds(arg, event) for arg in node.args)
    if isinstance(node, ConditionNOT):
        return not holds(node.args[0], event)
    return _test(node.value, event.get(node.field))


def _test(value: Any, got: Any) -> bool:
    if isinstance(value, SigmaNull):
        return got is None
    if isinstance(value, SigmaExists):
        return (got is not None) == value.exists
    if got is None:
        return False
    if isinstance(value, SigmaString):
        if isinstance(value, SigmaCasedString):
            return _glob(value.s, str(got))
        return _glob([p.lower() if isinstance(p, str) else p for p in value.s], str(got).lower())
    if isinstance(value, SigmaNumber):
        return bool(got == value.number)
    if isinstance(value, SigmaCompareExpression):
        return bool(getattr(got, COMPARE[value.op.name])(value.number.number))
    if isinstance(value, SigmaRegularExpression):
        # `$` is the end of the text in our engine; in Python also before a last line break.
        pattern = re.sub(r"(?<!\\)\$$", r"\\Z", str(value.regexp))
        return re.search(pattern, got) is not None
    assert isinstance(value, SigmaCIDRExpression)
    return ipaddress.ip_address(got) in value.network


def _glob(parts: list[Any], text: str) -> bool:
    if not parts:
        return text == ""
    first, rest = parts[0], parts[1:]
    if first is SpecialChars.WILDCARD_MULTI:
        return any(_glob(rest, text[i:]) for i in range(len(text) + 1))
    if first is SpecialChars.WILDCARD_SINGLE:
        return bool(text) and _glob(rest, text[1:])
    return text.startswith(first) and _glob(rest, text[len(first) :])
