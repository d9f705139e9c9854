"""Falco's meaning in plain Python: slow, and easy to check."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from rtml.rules.falco.tree import And, Call, Group, Named, Negation, Node, Operand, Or, Test, Value


def holds(node: Node, event: Mapping[str, Any]) -> bool:
    """Tell whether a condition without macros holds of an event given by Falco's field names."""
    if isinstance(node, And):
        return all(holds(arg, event) for arg in node.args)
    if isinstance(node, Or):
        return any(holds(arg, event) for arg in node.args)
    if isinstance(node, Negation):
        return not holds(node.arg, event)
    assert isinstance(node, Test)
    got = value(node.left, event)
    if got is None:  # absent: every comparison is false, != too
        return False
    wanted = [value.text for value in node.values]
    if node.right is not None:
        other = value(node.right, event)
        if other is None:
            return False
        wanted = [other]
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


def value(operand: Operand, event: Mapping[str, Any]) -> Any:
    """What an operand is on an event; None where a part of it is absent."""
    if isinstance(operand, Value):
        return operand.text
    if isinstance(operand, Named):
        return event.get(operand.name)
    if isinstance(operand, Group):
        items = [value(item, event) for item in operand.items]
        return None if None in items else items
    values = [value(part, event) for part in operand.arguments]
    return None if None in values else _called(operand, values)


def _called(call: Call, values: list[Any]) -> Any:
    one = values[0]
    match call.function:
        case "tolower":
            return "".join(c.lower() if "A" <= c <= "Z" else c for c in one)
        case "toupper":
            return "".join(c.upper() if "a" <= c <= "z" else c for c in one)
        case "basename":
            return one.split("/")[-1]
        case "len":
            return len(one.encode("utf-8", "surrogateescape"))
        case "concat":
            return "".join(values)
        case "join":
            return one.join(map(str, values[1]))
    assert call.function == "b64"
    try:
        raw = base64.b64decode(one.encode("utf-8", "surrogateescape"), validate=True)
        return raw.decode("utf-8", "surrogateescape")  # a byte that is no text is a byte all the same
    except ValueError:
        return None


def _same(got: Any, wanted: Any) -> bool:
    return got == float(wanted) if isinstance(got, int) else got == wanted


def _ordered(operator: str, got: float, wanted: float) -> bool:
    if got == wanted:
        return operator in ("<=", ">=")
    return (got < wanted) == operator.startswith("<")


def _text(operator: str, text: str, wanted: Any) -> bool:
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
