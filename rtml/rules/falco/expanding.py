"""Macros, lists and exceptions of Falco, replaced by what they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rtml.errors import did_you_mean
from rtml.rules.falco.documents import Definitions, Entry
from rtml.rules.falco.exceptions import rows_of
from rtml.rules.falco.operands import Refused
from rtml.rules.falco.syntax import SyntaxProblem, parse, value_of
from rtml.rules.falco.tree import And, Macro, Negation, Node, Or, Test, Value

__all__ = ["Expander"]

MOST_NODES = 50_000
"""Macros that name each other twice grow without end; no honest rule comes near this."""

MOST_ITEMS = 200_000
"""Items of one test, lists that name lists followed: those grow without end as macros do."""

_LISTS = ("in", "pmatch", "intersects")


class Expander:
    """Replaces macros and lists of one set of definitions; counts what one rule grows to."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions, self._nodes, self._listed = definitions, 0, 0
        self._parsed: dict[str, Node] = {}

    def rule(self, entry: Entry) -> Node:
        """Return the condition of a rule without its exceptions, all macros replaced.

        Raises
        ------
        Refused
            A macro is unknown, names itself, or does not parse; the condition grows too large.
        """
        self._nodes = 0
        try:
            parsed = parse(entry.values["condition"])
        except SyntaxProblem as problem:
            raise Refused(f"the condition does not parse: {problem}") from None
        return self._expand(parsed, ())

    def exception(self, exception: Mapping[str, Any]) -> Node:
        """Return what an exception lets pass: one condition per row of values, whose fields all compare so.

        Raises
        ------
        Refused
            A comparison does not parse.
        """
        return Or(tuple(And(tuple(_comparison(*part) for part in row)) for row in rows_of(exception)))

    def _expand(self, node: Node, inside: tuple[str, ...]) -> Node:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise Refused(f"grows beyond {MOST_NODES} parts once its macros are replaced")
        match node:
            case And(args):
                return And(tuple(self._expand(arg, inside) for arg in args))
            case Or(args):
                return Or(tuple(self._expand(arg, inside) for arg in args))
            case Negation(arg):
                return Negation(self._expand(arg, inside))
            case Macro(name):
                if name in inside:
                    raise Refused(f"macro {name!r} names itself: {' > '.join([*inside, name])}")
                return self._expand(self._macro(name), (*inside, name))
            case Test():
                return node

    def _macro(self, name: str) -> Node:
        if name not in self._definitions.macros:
            near = did_you_mean(name, self._definitions.macros)
            hint = f"; {near}" if near.startswith("did") else ""
            raise Refused(f"macro {name!r} is unknown{hint}")
        if name not in self._parsed:
            try:
                self._parsed[name] = parse(self._definitions.macros[name].values["condition"])
            except SyntaxProblem as problem:
                raise Refused(f"macro {name!r} does not parse: {problem}") from None
        return self._parsed[name]

    def literals(self, test: Test) -> tuple[str, ...]:
        """Values of a test; a bare word that names a list is replaced by the list's items.

        Falco replaces it behind every operator: ``proc.name = one_shell`` compares with the one item.

        Raises
        ------
        Refused
            A list names itself, holds too many items, or not one where one value belongs.
        """
        self._listed = 0
        found = tuple(dict.fromkeys(self._items(test.values, ())))
        if test.operator not in _LISTS and len(found) != len(test.values):
            shown = f"{test.left} {test.operator} {test.values[0].text}"
            raise Refused(f"{shown}: a list of {len(found)} where one value belongs")
        return found

    def _items(self, values: Iterable[Value], inside: tuple[str, ...]) -> Iterator[str]:
        for value in values:
            self._listed += 1
            if self._listed > MOST_ITEMS or len(inside) > 50:
                raise Refused(f"a list of more than {MOST_ITEMS} items, or lists too deep")
            if value.bare and value.text in self._definitions.broken:
                raise Refused(f"list {value.text!r} is not understood")
            if not value.bare or value.text not in self._definitions.lists:
                yield value.text
            elif value.text in inside:
                raise Refused(f"list {value.text!r} names itself")
            else:
                items = self._definitions.lists[value.text].values.get("items") or []
                yield from self._items(map(value_of, items), (*inside, value.text))


def _comparison(name: str, operator: str, value: Any) -> Node:
    """Build one comparison of an exception, as Falco does: by the text that it has as a condition.

    A text behind an operator of lists is a list in text (``(sh, bash)``); one that is none with what stands
    around it (``-o=x``) is a value as it is.
    """
    if isinstance(value, str):
        listed = operator in _LISTS and not value.startswith("(")
        quoted = operator not in _LISTS and " " in value and value[0] not in "\"'"
        read = _read(name, operator, f"({value})" if listed else f'"{value}"' if quoted else value)
        if read is not None:
            return read
    values = value if isinstance(value, list) else [value]
    shell = _read(name, operator, "x")
    if shell is None:
        raise Refused(f"{name} {operator} is no comparison")
    return Test(shell.left, shell.operator, tuple(value_of(item) for item in values))


def _read(name: str, operator: str, right: str) -> Test | None:
    try:
        read = parse(f"{name} {operator} {right}")
    except SyntaxProblem:
        return None
    return read if isinstance(read, Test) else None
