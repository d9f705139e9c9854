"""Columns that stand for less than the field of the engine whose rules they serve: which values they have.

A test for a value that such a column never has is false in every capture. A rule that depends on it could
not match, and says so; one that has other ways to match is said to be looked at in part only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from types import MappingProxyType

from rtml.rules.language.computed import call_of, leaves
from rtml.rules.language.conditions import All, AnyOf, Condition, How, Not, Same, Text, columns_of
from rtml.rules.language.rings import is_seen
from rtml.rules.language.settle import FALSE

__all__ = ["ANY_VALUES", "PARTIAL", "Partial", "possible", "unseen", "untold"]


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


def _is_path(how: How, value: str) -> bool:
    return "/" in value or how in ("contains", "ends")


_CALLS = Partial("argv[0] of ancestors is not known here, their paths are", _is_path)
_USERS = Partial("names of users are known for root only, others by their number", _is_user)
PARTIAL: dict[str, Partial] = {
    "user": _USERS,
    "target_user": _USERS,
    **dict.fromkeys(["ancestor_calls", *(f"ancestor_call_{n}" for n in range(1, 9))], _CALLS),
    "connection": Partial(
        "the client's end of connections is not known here", _without_client, frozenset({"src_ip"})
    ),
}
"""By column, derived column or view."""


_ALIKE = frozenset({"tolower", "toupper", "basename", "whole"})
"""Functions of a user's name or a connection that keep what can be told of it, but for case."""


ANY_VALUES: Mapping[str, Set[str]] = MappingProxyType({})
"""Nothing is known of the values of columns: each may have any."""


def _partial(column: str, dead: Set[str]) -> Partial | None:
    partial = PARTIAL.get(column)
    return partial if partial is not None and partial.while_null <= dead else None


def _lacking(test: Text, dead: Set[str]) -> Partial | None:
    """Return what the tested column lacks, or the column that it is computed from without much change."""
    column = test.column
    while (call := call_of(column)) is not None and call[0] in _ALIKE:
        column = call[1][0]
    return _partial(column, dead)


def _lacking_within(condition: Condition, dead: Set[str]) -> list[str]:
    """Say what those columns lack from which others are computed, or with which they are compared."""
    columns = columns_of(condition)
    within = {leaf for column in columns for leaf in leaves(column)}
    if not isinstance(condition, Same):
        within -= columns
    return sorted({partial.lacks for leaf in within if (partial := _partial(leaf, dead)) is not None})


def possible(condition: Condition, dead: Set[str], seen: Mapping[str, Set[str]] = ANY_VALUES) -> Condition:
    """Return the condition without tests for values that their column never has.

    Parameters
    ----------
    condition
        Any.
    dead
        Columns that are null throughout.
    seen
        All values of some columns, in lower case: tests whether such a one equals another value fall.

    Examples
    --------
    >>> possible(Text("user", "equals", ("www-data", "root")), set())
    Text(column='user', how='equals', values=('root',), cased=False)
    >>> possible(Text("user", "equals", ("www-data",)), set())
    AnyOf(args=())
    >>> possible(Text("request", "equals", ("chroot", "mkdir")), set(), {"request": {"mkdir"}}).values
    ('mkdir',)
    """
    match condition:
        case All(args):
            return All(tuple(possible(arg, dead, seen) for arg in args))
        case AnyOf(args):
            return AnyOf(tuple(possible(arg, dead, seen) for arg in args))
        case Not(arg):
            return Not(possible(arg, dead, seen))
        case Text(column, "equals", values, cased=cased) if column in seen:
            kept = tuple(value for value in values if is_seen(column, value, seen[column]))
            return Text(column, "equals", kept, cased=cased) if kept else FALSE
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
            return _lacking_within(condition, dead)


def unseen(condition: Condition, seen: Mapping[str, Set[str]]) -> str:
    """Say which kinds of event, or system calls, the condition asks for in vain.

    Examples
    --------
    >>> unseen(Text("request", "equals", ("chroot", "mkdir")), {"request": {"mkdir"}})
    'the capture has no chroot events'
    """
    missing = sorted(_missing(condition, seen))
    return f"the capture has no {', '.join(missing)} events"


def _missing(condition: Condition, seen: Mapping[str, Set[str]]) -> set[str]:
    match condition:
        case All(args) | AnyOf(args):
            return {name for arg in args for name in _missing(arg, seen)}
        case Text(column, "equals", values) if column in seen:
            return {value for value in values if not is_seen(column, value, seen[column])}
        case _:
            return set()
