r"""The condition language of Falco: text to a tree, by recursive descent.

The grammar is that of Falco's own parser (EBNF in ``libs/userspace/libsinsp/filter/parser.h``):
``or`` binds weaker than ``and``, ``and`` weaker than ``not``; a bare word without an operator names
a macro. Nesting is bounded, as in Falco, so that no text exhausts the stack.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from rtml.rules.falco.tree import And, Call, Group, Macro, Named, Negation, Node, Operand, Or, Test, Value

__all__ = ["SyntaxProblem", "parse", "value_of"]

MOST_DEPTH = 100
"""Falco's own limit."""

_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"(?:and|or|not)(?![\w.\[])")
_FIELD = re.compile(r"([a-zA-Z]\w*(?:\.[a-zA-Z]\w*)+)(?:\[(\"[^\"]*\"|'[^']*'|[^\[\]\"'\s]+)\])?")
_CALL = re.compile(r"(tolower|toupper|b64|basename|len|concat|join|getopt)\(")
_CHOSEN = re.compile(r"\[[^\]]*\]")
_VALUE_OF_FIELD = re.compile(r"val\(")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|[+-]?\d+(?:\.\d+)?")
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
_T = TypeVar("_T")


class SyntaxProblem(Exception):
    """The text is no condition; says where and what was expected."""


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
        left = self._call() or self._field()
        if left:
            return self._test(left)
        name = self._skip(_NAME)
        if not name or _WORD.fullmatch(name[0]):
            raise self.problem("a field, a macro or '(' expected")
        return Macro(name[0])

    def _field(self) -> Named | None:
        found = self._skip(_FIELD)
        return Named(found[1], found[2].strip("\"'") if found[2] else None) if found else None

    def _call(self) -> Call | None:
        found = self._skip(_CALL)
        if not found:
            return None
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise SyntaxProblem(f"nested more than {MOST_DEPTH} deep")
        arguments = self._until_closed(self._argument)
        self.depth -= 1
        self._skip(_CHOSEN)  # getopt(...)[x]
        return Call(found[1], arguments)

    def _argument(self) -> Operand:
        return Group(self._until_closed(self._item)) if self._mark("(") else self._item()

    def _item(self) -> Operand:
        operand = self._call() or self._field()
        if operand:
            return operand
        literal = self._skip(_QUOTED) or self._skip(_NUMBER)
        if not literal:
            raise self.problem("a field, a transformer, a text in quotes or a number expected")
        return Value(_unquoted(literal[0]) if literal[0][0] in "\"'" else literal[0], bare=False)

    def _until_closed(self, one: Callable[[], _T]) -> tuple[_T, ...]:
        """Read things with commas between them, until the parenthesis that is open is closed."""
        found: list[_T] = []
        while not self._mark(")"):
            if found and not self._mark(","):
                raise self.problem("',' or ')' expected")
            found.append(one())
        return tuple(found)

    def _test(self, left: Named | Call) -> Test:
        operator = self._skip(_OPERATOR)
        if not operator:
            raise self.problem(f"an operator after {left} expected")
        name = "=" if operator[0] == "==" else operator[0]
        if name == "exists":
            return Test(left, name, ())
        right = self._right()
        if right:
            return Test(left, name, (), right)
        return Test(left, name, self._list() if name in _LISTS else (self._value(),))

    def _right(self) -> Named | Call | None:
        """Read a field on the right side, which stands in ``val(...)``, or a transformer."""
        if not self._skip(_VALUE_OF_FIELD):
            return self._call()
        field = self._field()
        if not field or not self._mark(")"):
            raise self.problem("a field and ')' expected after 'val('")
        return field

    def _list(self) -> tuple[Value, ...]:
        if not self._mark("("):
            return (self._value(),)
        return self._until_closed(self._value)

    def _value(self) -> Value:
        quoted = self._skip(_QUOTED)
        if quoted:
            return Value(_unquoted(quoted[0]), bare=False)
        bare = self._skip(_BARE)
        if not bare:
            raise self.problem("a value expected")
        return Value(bare[0], bare=True)
