"""Fields compared with fields: what stands in ``val(...)`` or in a transformer on the right side.

False where either is absent, ``!=`` too. Falco asks that both be of one type; ``pmatch`` and ``regex`` take
no right side there, and globs that the watched party chooses are not run here.
"""

from __future__ import annotations

from typing import Any

from rtml.rules.falco.fields import MISSING
from rtml.rules.falco.operands import Lookup, Refused, choices, free, type_of
from rtml.rules.falco.tree import Test
from rtml.rules.language.computed import computed
from rtml.rules.language.conditions import Absent, All, Condition, How, Not, Number, Same, Text, any_of

__all__ = ["compared"]

_ORDER = ("<", "<=", ">", ">=")
_EQUAL = ("=", "!=", "in", "intersects")
_HOW: dict[str, How] = {
    **dict.fromkeys(_EQUAL, "equals"),
    **dict.fromkeys(("contains", "icontains"), "contains"),
    "startswith": "starts",
    "endswith": "ends",
}


def compared(test: Test, lookup: Lookup) -> Condition:
    """Translate a comparison of two fields.

    Raises
    ------
    Refused, UnknownName
        Falco does not compare them so, or it has no meaning here; an unknown field.
    """
    if test.right is None:
        raise TypeError("nothing on the right side")
    sides = [free(side, lookup) for side in (test.left, test.right)]
    for field in sides:
        if field.listed:
            raise Refused(f"{field.name} is a list: comparing lists with fields is not supported")
    parts = [_when(kinds, _pair(columns, test)) for kinds, columns in choices(sides)]
    when = tuple(condition for field in sides for condition in field.when)
    return All((*when, any_of(parts))) if when else any_of(parts)


def _when(kinds: tuple[str, ...], condition: Condition) -> Condition:
    return All((Text("kind", "equals", kinds, cased=True), condition)) if kinds else condition


def _pair(columns: tuple[str, ...], test: Test) -> Condition:
    missing = [column for column in columns if column.startswith(MISSING)]
    if missing:
        return Text(missing[0], "equals", ("",), cased=True)  # refused later, unless its branch falls
    one, other = columns
    types = type_of(one), type_of(other)
    if types[0] != types[1]:
        raise Refused(f"{test.left} {test.operator} {test.right}: compares {types[0]} with {types[1]}")
    present = All((Not(Absent(one)), Not(Absent(other))))
    found = _tested(one, other, types[0], test)
    return All((present, Not(found))) if test.operator == "!=" else found


def _tested(one: str, other: str, kind: str, test: Test) -> Condition:
    operator = test.operator
    if kind == "number" and operator in (*_ORDER, *_EQUAL):
        how: Any = operator if operator in _ORDER else "=="
        return Number(computed("difference", one, other), how, 0.0)
    if kind == "address" and operator in _EQUAL:
        return Same(computed("address", one), "equals", computed("address", other), cased=True)
    if operator in _EQUAL or (kind == "text" and operator in _HOW):
        return Same(one, _HOW[operator], other, cased=operator != "icontains")
    raise Refused(f"{test.left} {operator} {test.right}: {operator} takes no field on its right side")
