"""Falco's meaning in plain Python: slow, and easy to check."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rtml.rules.falco.syntax import And, Negation, Node, Or, Test


def holds(node: Node, event: Mapping[str, Any]) -> bool:
    """Tell whether a condition without macros holds of an event given by Falco's field names."""
    if isinstance(node, And):
        return all(holds(arg, event) for arg in node.args)
    if isinstance(node, Or):
        return any(holds(arg, event) for arg in node.args)
    if isinstance(node, Negation):
        return not holds(node.arg, event)
    assert isinstance(node, Test)
    got = event.get(node.field)
    if got is None:  # absent: every comparison is false, != too
        return False
    wanted = [value.text for value in node.values]
    match node.operator:
        case "exists":
            return True
        case "!=":
            return not _same(got, wanted[0])
        case "=" | "in" | "intersects":
            return any(_same(got, one) for one in wanted)
        case "<" | "<=" | ">" | ">=":
            return _ordered(node.operator, got, float(wanted[0]))
    text = str(got)
    return any(_text(node.operator, text, one) for one in wanted)


def _same(got: Any, wanted: str) -> bool:
    return got == float(wanted) if isinstance(got, int) else got == wanted


def _ordered(operator: str, got: float, wanted: float) -> bool:
    if got == wanted:
        return operator in ("<=", ">=")
    return (got < wanted) == operator.startswith("<")


def _text(operator: str, text: str, wanted: str) -> bool:
    match operator:
        case "contains":
            return wanted in text
        case "icontains":
            return wanted.lower() in text.lower()
        case "startswith":
            return text.startswith(wanted)
        case "endswith":
            return text.endswith(wanted)
        case "glob":
            return _glob(wanted, text)
        case "iglob":
            return _glob(wanted.lower(), text.lower())
        case "regex":
            return re.fullmatch(wanted, text) is not None
    assert operator == "pmatch"
    folder = wanted.rstrip("/")
    return text == (folder or "/") or text.startswith(folder + "/")


def _glob(pattern: str, text: str) -> bool:
    if not pattern:
        return text == ""
    if pattern[0] == "*":
        return any(_glob(pattern[1:], text[i:]) for i in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and _glob(pattern[1:], text[1:])
