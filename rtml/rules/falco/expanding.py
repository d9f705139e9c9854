"""Macros, lists and exceptions of Falco, replaced by what they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
        """Return the condition of a rule with its exceptions, all macros replaced.

        Raises
        ------
        Refused
            A macro is unknown, names itself, or does not parse; the condition grows too large.
        """
        self._nodes = 0
        exceptions = list(_exceptions(entry.values.get("exceptions") or []))
        try:
            parsed = parse(entry.values["condition"])
        except SyntaxProblem as problem:
            raise Refused(f"the condition does not parse: {problem}") from None
        condition = And((parsed, Negation(Or(tuple(exceptions))))) if exceptions else parsed
        return self._expand(condition, ())

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

        Raises
        ------
        Refused
            A list names itself, or holds too many items.
        """
        if test.operator not in _LISTS:
            return tuple(value.text for value in test.values)
        self._listed = 0
        return tuple(dict.fromkeys(self._items(test.values, ())))

    def _items(self, values: Iterable[Value], inside: tuple[str, ...]) -> Iterator[str]:
        for value in values:
            self._listed += 1
            if self._listed > MOST_ITEMS or len(inside) > 50:
                raise Refused(f"a list of more than {MOST_ITEMS} items, or lists too deep")
            if not value.bare or value.text not in self._definitions.lists:
                yield value.text
            elif value.text in inside:
                raise Refused(f"list {value.text!r} names itself")
            else:
                items = self._definitions.lists[value.text].values.get("items") or []
                yield from self._items(map(value_of, items), (*inside, value.text))


def _exceptions(entries: list[Any]) -> Iterator[Node]:
    """One condition per row of values: all its fields compare so."""
    for exception in entries:
        for row in rows_of(exception):
            yield And(tuple(_comparison(*part) for part in row))


def _comparison(name: str, operator: str, value: Any) -> Node:
    """Build the text of one comparison's left side; the values need no text of their own."""
    operator = operator if operator in _LISTS or not isinstance(value, list) else "in"
    values = value if isinstance(value, list) else [value]
    try:
        shell = parse(f"{name} {operator} x")
    except SyntaxProblem as problem:
        raise Refused(f"exception: {problem}") from None
    if not isinstance(shell, Test):
        raise Refused(f"exception: {name} {operator} is no comparison")
    literals = tuple(value_of(str(item).strip("()")) for item in values)
    return Test(shell.left, shell.operator, literals)
