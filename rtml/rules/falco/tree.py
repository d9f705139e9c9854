"""What a condition of Falco is made of, once its text is read: tests, and how they are joined."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = [
    "And",
    "Call",
    "Group",
    "Macro",
    "Named",
    "Negation",
    "Node",
    "Operand",
    "Or",
    "Test",
    "Value",
    "named",
]


@dataclass(frozen=True)
class Value:
    r"""A literal; a bare one may name a list.

    Bytes that are no UTF-8 (``\xff`` in quotes) are as Python's handler ``surrogateescape`` has them.
    """

    text: str
    bare: bool = field(kw_only=True)

    def __str__(self) -> str:
        """Write it as it may stand in a condition."""
        return self.text if self.bare else f'"{self.text}"'


@dataclass(frozen=True)
class Named:
    """A field of the event, with its argument if it has one."""

    name: str
    argument: str | None = None

    def __str__(self) -> str:
        """Write it as it stands in a condition."""
        return self.name if self.argument is None else f"{self.name}[{self.argument}]"


@dataclass(frozen=True)
class Group:
    """Values in parentheses, as one argument of a transformer."""

    items: tuple[Operand, ...]

    def __str__(self) -> str:
        """Write it as it stands in a condition."""
        return f"({', '.join(map(str, self.items))})"


@dataclass(frozen=True)
class Call:
    """A transformer, of fields, literals and other transformers."""

    function: str
    arguments: tuple[Operand, ...]

    def __str__(self) -> str:
        """Write it as it stands in a condition."""
        return f"{self.function}({', '.join(map(str, self.arguments))})"


Operand: TypeAlias = Named | Call | Value | Group


@dataclass(frozen=True)
class Test:
    """A field, or what a transformer makes of it, compared with values or with another such.

    There are no values for ``exists``, nor where there is a ``right``.
    """

    left: Named | Call
    operator: str
    values: tuple[Value, ...]
    right: Named | Call | None = None


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


def named(operand: Operand) -> list[Named]:
    """List the fields in an operand.

    Examples
    --------
    >>> named(Call("concat", (Named("proc.name"), Value("x", bare=False), Named("proc.args"))))
    [Named(name='proc.name', argument=None), Named(name='proc.args', argument=None)]
    """
    match operand:
        case Named():
            return [operand]
        case Call(_, parts) | Group(parts):
            return [field for part in parts for field in named(part)]
        case _:
            return []
