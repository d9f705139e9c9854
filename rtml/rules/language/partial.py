"""Columns that stand for less than the field of the engine whose rules they serve: which values they have.

A test for a value that such a column never has is false in every capture. A rule that depends on it could
not match, and says so; one that has other ways to match is said to be looked at in part only.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass

from rtml.rules.language.conditions import All, AnyOf, Condition, How, Not, Text
from rtml.rules.language.settle import FALSE

__all__ = ["PARTIAL", "Partial", "possible", "untold"]


@dataclass(frozen=True)
class Partial:
    """What a column lacks, in words, and whether some value of it can pass a test.

    ``while_null``: it lacks that where these columns are null throughout; none: always.
    """

    lacks: str
    passes: Callable[[How, str], bool]
    while_null: frozenset[str] = frozenset()


def _is_user(how: How, value: str) -> bool:
    """Tell whether root's name, or a number, can pass."""
    text = value.lower()
    root = {
        "equals": text == "root",
        "contains": text in "root",
        "starts": "root".startswith(text),
        "ends": "root".endswith(text),
    }
    return root[how] or text.isdigit()


def _without_client(how: How, value: str) -> bool:
    return how in ("contains", "ends") or value.startswith("->")


_USERS = Partial("names of users are known for root only, others by their number", _is_user)
PARTIAL: dict[str, Partial] = {
    "user": _USERS,
    "target_user": _USERS,
    "connection": Partial(
        "the client's end of connections is not known here", _without_client, frozenset({"src_ip"})
    ),
}
"""By column, derived column or view."""


def _lacking(test: Text, dead: Set[str]) -> Partial | None:
    partial = PARTIAL.get(test.column)
    return partial if partial is not None and partial.while_null <= dead else None


def possible(condition: Condition, dead: Set[str]) -> Condition:
    """Return the condition without tests for values that their column never has.

    Examples
    --------
    >>> possible(Text("user", "equals", ("www-data", "root")), set())
    Text(column='user', how='equals', values=('root',), cased=False)
    >>> possible(Text("user", "equals", ("www-data",)), set())
    AnyOf(args=())
    """
    match condition:
        case All(args):
            return All(tuple(possible(arg, dead) for arg in args))
        case AnyOf(args):
            return AnyOf(tuple(possible(arg, dead) for arg in args))
        case Not(arg):
            return Not(possible(arg, dead))
        case Text(column, how, values, cased=cased) if (partial := _lacking(condition, dead)) is not None:
            kept = tuple(value for value in values if partial.passes(how, value))
            return Text(column, how, kept, cased=cased) if kept else FALSE
        case _:
            return condition


def untold(condition: Condition, dead: Set[str]) -> list[str]:
    """Return, in words, what keeps tests of the condition from being looked at; sorted.

    Examples
    --------
    >>> untold(Not(Text("user", "equals", ("www-data",))), set())
    ['names of users are known for root only, others by their number']
    """
    match condition:
        case All(args) | AnyOf(args):
            return sorted({reason for arg in args for reason in untold(arg, dead)})
        case Not(arg):
            return untold(arg, dead)
        case Text(_, how, values) if (partial := _lacking(condition, dead)) is not None:
            return [] if all(partial.passes(how, value) for value in values) else [partial.lacks]
        case _:
            return []
