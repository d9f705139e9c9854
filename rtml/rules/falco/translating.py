"""From Falco's tree to the condition tree of all rules.

An absent field makes every comparison false, ``!=`` too: that one also asks that the field is
there. ``not (a = b)`` stays true.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import re
from collections.abc import Callable

from rtml.rules.falco.compared import compared
from rtml.rules.falco.fields import MISSING, Field, called, field_of
from rtml.rules.falco.operands import ADDRESSES, Lookup, Refused, field_of_operand, in_tables, type_of
from rtml.rules.falco.sets import every, with_key
from rtml.rules.falco.tree import And, Macro, Named, Negation, Node, Or, Test
from rtml.rules.language.columns import is_number
from rtml.rules.language.conditions import Absent, All, Condition, Network, Not, Number, Pattern, Text, any_of
from rtml.rules.language.settle import FALSE, TRUE
from rtml.wildcards import WILDCARDS, pattern

__all__ = ["translate"]

_CALLS = ("evt.type", "syscall.type")
_ORDER = ("<", "<=", ">", ">=")
_OF_TEXT = (
    *("contains", "icontains", "startswith", "endswith", "pmatch", "glob", "iglob", "regex"),
    *("bcontains", "bstartswith"),
)
_SETS = ("exists", "in", "intersects")
_ANCHOR = re.compile(r"(?<!\[)\^")
_HOW = {"contains": "contains", "icontains": "contains", "startswith": "starts", "endswith": "ends"}
Literals = tuple[str, ...]


def translate(node: Node, literals: Callable[[Test], Literals], lookup: Lookup = field_of) -> Condition:
    """Translate a tree whose macros are replaced already.

    Parameters
    ----------
    node
        What `rtml.rules.falco.expanding.Expander.rule` returns.
    literals
        Returns the values of a test with lists replaced by their items.
    lookup
        Returns what a field and its argument mean in events of the rule's source.

    Raises
    ------
    Refused, UnknownName
        An operator or a value without a meaning for the field; an unknown field.
    """
    match node:
        case And(args):
            return All(tuple(translate(arg, literals, lookup) for arg in args))
        case Or(args):
            return any_of(translate(arg, literals, lookup) for arg in args)
        case Negation(arg):
            return Not(translate(arg, literals, lookup))
        case Macro(name):
            raise Refused(f"macro {name!r} is not replaced")
        case Test():
            if node.right is not None:
                return compared(node, lookup)
            if lookup is field_of and isinstance(node.left, Named) and node.left.name in _CALLS:
                return _call(node.operator, literals(node))
            field = field_of_operand(node.left, lookup)
            if lookup is field_of:
                _typed(node, field, literals(node))
            tested = _test(node, field, literals(node))
            return All((*field.when, tested)) if field.when else tested


def _test(test: Test, field: Field, values: Literals) -> Condition:
    values = _in_tables(test.operator, values)
    odd = [v for v in values if not {v, f"{test.operator} {v}"} & {*field.literals}]
    if field.literals and odd:
        raise Refused(f"{field.name} can be compared here only with: {', '.join(field.literals)}")
    if field.constant is not None:
        return _constant(field, test.operator, values)
    _sensible(field, test, values)
    if field.key is not None:
        return _keyed(field.columns[0][1], field.key, test, values)
    if field.listed and test.operator == "in":
        return every(field.columns[0][1], values) if values else FALSE
    parts = [_on(kinds, column, test, values) for kinds, column in field.columns]
    if test.operator != "!=":
        return any_of(parts)
    present = [_when(kinds, Not(Absent(column))) for kinds, column in field.columns]
    return All((any_of(present), Not(any_of(parts))))


def _typed(test: Test, field: Field, values: Literals) -> None:
    """Refuse comparisons that Falco's types do not know; all fields of the audit log are text to it."""
    types = {type_of(column) for _, column in field.columns if not column.startswith(MISSING)}
    if test.operator in _OF_TEXT and types - {"text"}:
        raise Refused(f"{field.name} is no text: Falco does not compare it with {test.operator}")
    if test.operator in _ORDER and types - {"number"}:
        raise Refused(f"{field.name} is no number: {test.operator} has no meaning here")
    odd = [value for value in values if value not in ("true", "false")] if "boolean" in types else []
    if odd:
        raise Refused(f"{field.name} is true or false, not {odd[0]!r}")


def _sensible(field: Field, test: Test, values: Literals) -> None:
    """Refuse comparisons that the engine does not know, or that could never be told here."""
    if field.listed and test.operator not in _SETS:
        raise Refused(f"{field.name} is a list: Falco compares it with exists, in and intersects only")
    never = sorted({*values} & {*field.never}) if test.operator in ("=", "in", "intersects") else []
    if "0" in field.never and test.operator in ("<", "<=") and _number(test, values[0]) >= 0:
        never = ["0"] if test.operator == "<=" or _number(test, values[0]) > 0 else []
    if never:
        raise Refused(f"{field.name} {test.operator} {never[0]!r}: a capture does not tell it from absent")
    if field.key is not None and test.operator in _ORDER:
        raise Refused(f"{field.name} {test.operator} is not supported")
    if field.key is not None and test.operator == "regex" and any(_ANCHOR.search(v, 1) for v in values):
        raise Refused(f"{field.name}: a regular expression with ^ inside is not supported")


def _keyed(column: str, key: str, test: Test, values: Literals) -> Condition:
    present = Text(column, "starts", (f"{key}=",), cased=True)
    if test.operator == "exists":
        return present
    if test.operator == "regex":  # the whole text must match, so an anchor at its start says nothing
        values = tuple(value.removeprefix("^") for value in values)
    found = with_key(_on((), column, test, values), key) if values else FALSE
    return All((present, Not(found))) if test.operator == "!=" else found


def _in_tables(operator: str, values: Literals) -> Literals:
    """Write values as tables hold them (`rtml.reading.escapes`); expressions are not rewritten."""
    if operator != "regex":
        return tuple(map(in_tables, values))
    raw = [value.encode("utf-8", "surrogateescape") for value in values]
    if any(value != text.decode("utf-8", "replace") for value, text in zip(values, raw, strict=True)):
        raise Refused("a regular expression with bytes that are no UTF-8 is not supported")
    return values


def _when(kinds: tuple[str, ...], condition: Condition) -> Condition:
    return All((Text("kind", "equals", kinds, cased=True), condition)) if kinds else condition


def _call(operator: str, values: Literals) -> Condition:
    if operator in ("=", "in"):
        return called(values)
    if operator == "!=":
        return Not(called(values))
    if operator == "exists":
        return TRUE
    raise Refused(f"evt.type {operator} is not supported")


def _constant(field: Field, operator: str, values: Literals) -> Condition:
    constant = str(field.constant)
    match operator:
        case "exists":
            return TRUE
        case "=" | "in" | "intersects":
            return TRUE if constant in values else FALSE
        case "!=":
            return FALSE if constant in values else TRUE
        case ">" | ">=":
            return TRUE if constant.isdigit() else FALSE
        case "<" | "<=":
            return FALSE
    raise Refused(f"{field.name} {operator} is not supported")


def _on(kinds: tuple[str, ...], column: str, test: Test, values: Literals) -> Condition:
    if test.operator == "exists":
        return _when(kinds, Not(Absent(column)))
    return _when(kinds, any_of(_comparison(column, test, value) for value in values) if values else FALSE)


def _comparison(column: str, test: Test, value: str) -> Condition:
    """Test one column against one value."""
    operator = test.operator
    if column.startswith(MISSING):
        return Text(column, "equals", (value,), cased=True)  # refused later, unless its branch falls
    if operator in _ORDER:
        return Number(column, operator, _number(test, value))  # type: ignore[arg-type]
    if operator in ("=", "!=", "in", "intersects"):
        return _equals(column, test, value)
    if operator in _HOW:
        cased = operator != "icontains"
        return Text(column, _HOW[operator], (value,), cased=cased)  # type: ignore[arg-type]
    if operator == "pmatch":
        return _under(column, value)
    if operator in ("glob", "iglob"):
        lower = operator == "iglob"
        return Pattern(column, _glob(value.lower() if lower else value), cased=not lower)
    if operator == "regex":
        return Pattern(column, f"^(?:{value})$")  # Falco's regex must match the whole text
    raise Refused(f"operator {operator} is not supported")


def _equals(column: str, test: Test, value: str) -> Condition:
    if column in ADDRESSES:
        return _network(column, value)
    if is_number(column):
        return Number(column, "==", _number(test, value))
    if type_of(column) == "boolean":
        return Text(column, "equals", (value.lower(),), cased=True)
    return Text(column, "equals", (value,), cased=True)


def _network(column: str, value: str) -> Condition:
    try:
        return Network(column, str(ipaddress.ip_network(value, strict=False)))
    except ValueError:
        raise Refused(f"{value!r} is no address or network") from None


def _number(test: Test, value: str) -> float:
    try:
        return int(value, 0) if value.lower().startswith("0x") else float(value)
    except ValueError:
        raise Refused(f"{test.left} {test.operator} {value!r}: not a number") from None


def _glob(value: str) -> str:
    return f"(?s)^{_body(value)}$"


def _body(value: str) -> str:
    """Regular expression of a glob; ``*`` runs over slashes too, as in Falco."""
    if "[" in value:
        raw = fnmatch.translate(value)
        return raw.removeprefix("(?s:").removesuffix(r")\Z").removesuffix(r")\z")
    return pattern(value)


def _under(column: str, value: str) -> Condition:
    """Test for this folder or what is below it; each part of the folder may be a glob."""
    folder = value.rstrip("/")
    if any(c in folder for c in "*?["):
        return Pattern(column, f"(?s)^{_body(folder).replace(WILDCARDS['*'], '[^/]*')}(?:/.*)?$")
    inside = Text(column, "starts", (folder + "/",), cased=True)
    return any_of([Text(column, "equals", (folder or "/",), cased=True), inside])
