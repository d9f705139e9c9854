"""What a rule asks of one event, as a small tree that every front end yields.

Sigma, and later Falco, are translated into these nine node types; the fold to Polars
(`rtml.rules.language.expressions`), the question whether a rule can match at all, and the witnesses of the
tests all walk the same tree. A test of an absent (null) column is false, its negation true.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Literal, TypeAlias

__all__ = [
    "Absent",
    "All",
    "AnyOf",
    "Condition",
    "Network",
    "Not",
    "Number",
    "Pattern",
    "Same",
    "Text",
    "any_of",
    "columns_of",
    "outcomes",
]

How = Literal["equals", "contains", "starts", "ends"]
Compare = Literal["==", "<", "<=", ">", ">="]


@dataclass(frozen=True)
class All:
    """Every part holds."""

    args: tuple[Condition, ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds."""

    args: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """The part does not hold; so it is true where the column is absent."""

    arg: Condition


@dataclass(frozen=True)
class Text:
    """The column's text equals, contains, starts or ends with one of the values."""

    column: str
    how: How
    values: tuple[str, ...]
    cased: bool = field(default=False, kw_only=True)


@dataclass(frozen=True)
class Pattern:
    """The regular expression is found somewhere in the column's text (lowered unless cased)."""

    column: str
    regex: str
    cased: bool = field(default=True, kw_only=True)


@dataclass(frozen=True)
class Number:
    """The column compares so with a number."""

    column: str
    how: Compare
    value: float


@dataclass(frozen=True)
class Network:
    """The column is an address inside the network, IPv4 or IPv6."""

    column: str
    cidr: str


@dataclass(frozen=True)
class Absent:
    """The column is null."""

    column: str


@dataclass(frozen=True)
class Same:
    """The column's text equals, contains, starts or ends with that of another."""

    column: str
    how: How
    other: str
    cased: bool = field(default=False, kw_only=True)


Condition: TypeAlias = All | AnyOf | Not | Text | Pattern | Number | Network | Absent | Same


def any_of(args: Iterable[Condition]) -> Condition:
    """Join alternatives; literals on one column become one test of many values.

    This folding is worth a factor of three over one expression per literal.

    Examples
    --------
    >>> any_of([Text("exe", "ends", ("/nc",)), Text("exe", "ends", ("/ncat",))])
    Text(column='exe', how='ends', values=('/nc', '/ncat'), cased=False)
    """
    flat: list[Condition] = []
    literals: dict[tuple[str, How, bool], list[str]] = {}
    for arg in args:
        for part in arg.args if isinstance(arg, AnyOf) else (arg,):
            if isinstance(part, Text):
                literals.setdefault((part.column, part.how, part.cased), []).extend(part.values)
            else:
                flat.append(part)
    merged = [
        Text(column, how, tuple(dict.fromkeys(values)), cased=cased)
        for (column, how, cased), values in literals.items()
    ]
    every = (*merged, *flat)
    return every[0] if len(every) == 1 else AnyOf(every)


def columns_of(condition: Condition) -> frozenset[str]:
    """Columns that the condition reads.

    Examples
    --------
    >>> sorted(columns_of(All((Absent("tty"), Not(Text("program", "ends", ("/sh",)))))))
    ['program', 'tty']
    """
    match condition:
        case All(args) | AnyOf(args):
            return frozenset().union(*map(columns_of, args))
        case Not(arg):
            return columns_of(arg)
        case Same(column, _, other):
            return frozenset({column, other})
        case _:
            return frozenset({condition.column})


@singledispatch
def outcomes(condition: Condition, dead: Set[str]) -> tuple[bool, bool]:
    """Tell whether the condition can be true, and can be false, when ``dead`` columns are null.

    A rule that cannot be true in a capture "could not match", which is not "found nothing".

    Examples
    --------
    >>> outcomes(All((Text("program", "ends", ("/sh",)), Text("cwd", "equals", ("/",)))), {"cwd"})
    (False, True)
    >>> outcomes(Not(Text("cwd", "equals", ("/",))), {"cwd"})
    (True, False)
    """
    return condition.column not in dead, True  # type: ignore[union-attr]


@outcomes.register
def _(condition: Absent, dead: Set[str]) -> tuple[bool, bool]:
    return True, condition.column not in dead


@outcomes.register
def _(condition: Same, dead: Set[str]) -> tuple[bool, bool]:
    return not {condition.column, condition.other} & dead, True


@outcomes.register
def _(condition: Not, dead: Set[str]) -> tuple[bool, bool]:
    true, false = outcomes(condition.arg, dead)
    return false, true


@outcomes.register
def _(condition: All, dead: Set[str]) -> tuple[bool, bool]:
    parts = [outcomes(arg, dead) for arg in condition.args]
    return all(true for true, _ in parts), any(false for _, false in parts)


@outcomes.register
def _(condition: AnyOf, dead: Set[str]) -> tuple[bool, bool]:
    parts = [outcomes(arg, dead) for arg in condition.args]
    return any(true for true, _ in parts), all(false for _, false in parts)
