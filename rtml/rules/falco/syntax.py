r"""The condition language of Falco: text to a tree, by recursive descent.

The grammar is that of Falco's own parser (EBNF in ``libs/userspace/libsinsp/filter/parser.h``):
``or`` binds weaker than ``and``, ``and`` weaker than ``not``; a bare word without an operator names
a macro. Nesting is bounded, as in Falco, so that no text exhausts the stack.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = ["And", "Macro", "Negation", "Node", "Or", "SyntaxProblem", "Test", "Value", "parse", "value_of"]

MOST_DEPTH = 100
"""Falco's own limit."""

_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"(?:and|or|not)(?![\w.\[])")
_FIELD = re.compile(r"([a-zA-Z]\w*(?:\.[a-zA-Z]\w*)+)(?:\[(\"[^\"]*\"|'[^']*'|[^\[\]\"'\s]+)\])?")
_TRANSFORM = re.compile(r"(tolower|toupper|b64|basename|len)\(\s*")
_NAME = re.compile(r"[a-zA-Z]\w*(?![\w.\[])")
_OPERATOR = re.compile(
    r"<=|>=|!=|==|=|<|>|(?:exists|icontains|bcontains|contains|bstartswith|startswith|endswith"
    r"|iglob|glob|regex|intersects|in|pmatch)(?![\w.])"
)
_QUOTED = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'", re.S)
_BARE = re.compile(r"[^\s(),=\"']+")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|[bfnrt\\/\"'])")
_CONTROL = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_LISTS = ("in", "pmatch", "intersects")


class SyntaxProblem(Exception):
    """The text is no condition; says where and what was expected."""


@dataclass(frozen=True)
class Value:
    r"""A literal; a bare one may name a list.

    Bytes that are no UTF-8 (``\xff`` in quotes) are as Python's handler ``surrogateescape`` has them.
    """

    text: str
    bare: bool = field(kw_only=True)


@dataclass(frozen=True)
class Test:
    """A field compared with values (none for ``exists``)."""

    field: str
    argument: str | None
    transform: str | None
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Macro:
    """The condition that the macro of this name holds."""

    name: str


@dataclass(frozen=True)
class Negation:
    """Not the part."""

    arg: Node


@dataclass(frozen=True)
class And:
    """Every part."""

    args: tuple[Node, ...]


@dataclass(frozen=True)
class Or:
    """At least one part."""

    args: tuple[Node, ...]


Node: TypeAlias = Test | Macro | Negation | And | Or


def parse(text: str) -> Node:
    """Parse a condition.

    Raises
    ------
    SyntaxProblem
        The text is not a condition, or is nested more than 100 deep.

    Examples
    --------
    >>> parse("evt.type=execve and not proc.name in (sh, bash)").args[1].arg.values[1].text
    'bash'
    >>> parse("proc.name = ")
    Traceback (most recent call last):
    ...
    rtml.rules.falco.syntax.SyntaxProblem: at the end: a value expected
    """
    reader = _Reader(text)
    node = reader.either()
    if reader.at < len(text):
        raise reader.problem("'and', 'or' or the end expected")
    return node


def value_of(text: str) -> Value:
    """Read a list item: quotes inside the item keep it from being the name of a list.

    Examples
    --------
    >>> value_of('"(systemd)"'), value_of("shell_binaries").bare
    (Value(text='(systemd)', bare=False), True)
    """
    return Value(_unquoted(text), bare=False) if _QUOTED.fullmatch(text) else Value(text, bare=True)


def _unquoted(text: str) -> str:
    plain = _ESCAPE.sub(_meant, text[1:-1]).encode("utf-8", "surrogateescape")
    return plain.decode("utf-8", "surrogateescape")


def _meant(escape: re.Match[str]) -> str:
    """Return what an escape means; a byte above 7f by itself, until those beside it are read with it."""
    if not escape[1].startswith("x"):
        return _CONTROL.get(escape[1], escape[1])
    return bytes([int(escape[1][1:], 16)]).decode("ascii", "surrogateescape")


class _Reader:
    """A place in the text, and one method per rule of the grammar."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0
        self._skip(_SPACE)

    def problem(self, expected: str) -> SyntaxProblem:
        rest = self.text[self.at : self.at + 20]
        return SyntaxProblem(f"{f'at {rest!r}' if rest else 'at the end'}: {expected}")

    def _skip(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match:
            space = _SPACE.match(self.text, match.end())
            self.at = space.end() if space else match.end()
        return match

    def _mark(self, mark: str) -> bool:
        return self._skip(re.compile(re.escape(mark))) is not None

    def _word(self, word: str) -> bool:
        match = _WORD.match(self.text, self.at)
        return bool(match and match[0] == word and self._skip(_WORD))

    def either(self) -> Node:
        parts = [self._both()]
        while self._word("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _both(self) -> Node:
        parts = [self._negated()]
        while self._word("and"):
            parts.append(self._negated())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _negated(self) -> Node:
        odd = False
        while self._word("not"):
            odd = not odd
        node = self._check()
        return Negation(node) if odd else node

    def _check(self) -> Node:
        if self._mark("("):
            self.depth += 1
            if self.depth > MOST_DEPTH:
                raise SyntaxProblem(f"nested more than {MOST_DEPTH} deep")
            node = self.either()
            self.depth -= 1
            if not self._mark(")"):
                raise self.problem("')' expected")
            return node
        transform = self._skip(_TRANSFORM)
        field = self._skip(_FIELD)
        if field:
            if transform and not self._mark(")"):
                raise self.problem("')' after the field expected")
            argument = field[2].strip("\"'") if field[2] else None
            return self._test(field[1], argument, transform[1] if transform else None)
        name = None if transform else self._skip(_NAME)
        if not name or _WORD.fullmatch(name[0]):
            raise self.problem("a field, a macro or '(' expected")
        return Macro(name[0])

    def _test(self, field: str, argument: str | None, transform: str | None) -> Test:
        operator = self._skip(_OPERATOR)
        if not operator:
            raise self.problem(f"an operator after {field} expected")
        name = "=" if operator[0] == "==" else operator[0]
        values: tuple[Value, ...] = ()
        if name != "exists":
            values = self._list() if name in _LISTS else (self._value(),)
        return Test(field, argument, transform, name, values)

    def _list(self) -> tuple[Value, ...]:
        if not self._mark("("):
            return (self._value(),)
        values: list[Value] = []
        while not self._mark(")"):
            if values and not self._mark(","):
                raise self.problem("',' or ')' expected")
            values.append(self._value())
        return tuple(values)

    def _value(self) -> Value:
        quoted = self._skip(_QUOTED)
        if quoted:
            return Value(_unquoted(quoted[0]), bare=False)
        bare = self._skip(_BARE)
        if not bare:
            raise self.problem("a value expected")
        return Value(bare[0], bare=True)
