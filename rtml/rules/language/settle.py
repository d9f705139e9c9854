"""What is left of a condition once the kind of event is known.

Rules of Falco say which system calls they mean inside the condition. Knowing the kinds, tests of
the kind become true or false and whole branches fall away; so a rule is evaluated only over the
events that it can match, and a field that only a fallen branch reads does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Set

from rtml.rules.language.conditions import All, AnyOf, Condition, Not, Text, any_of
from rtml.schema import KINDS

__all__ = ["FALSE", "TRUE", "kinds_of", "settle"]

TRUE = All(())
FALSE = AnyOf(())


def settle(condition: Condition, kinds: Set[str]) -> Condition:
    """Return the condition as it reads for events of these kinds, without constants inside.

    Examples
    --------
    >>> exec_, shell = Text("kind", "equals", ("exec",), cased=True), Text("comm", "equals", ("sh",))
    >>> settle(All((exec_, shell)), {"exec"}) == shell, settle(All((exec_, shell)), {"open"})
    (True, AnyOf(args=()))
    """
    match condition:
        case All(args):
            return _all([settle(arg, kinds) for arg in args])
        case AnyOf(args):
            return _any([settle(arg, kinds) for arg in args])
        case Not(arg):
            inner = settle(arg, kinds)
            return FALSE if inner == TRUE else TRUE if inner == FALSE else Not(inner)
        case Text("kind", "equals", values):
            left = kinds & set(values)
            return TRUE if left == kinds else FALSE if not left else condition
        case _:
            return condition


def _all(parts: Iterable[Condition]) -> Condition:
    kept = [part for part in dict.fromkeys(parts) if part != TRUE]
    if FALSE in kept:
        return FALSE
    return kept[0] if len(kept) == 1 else All(tuple(kept))


def _any(parts: Iterable[Condition]) -> Condition:
    kept = [part for part in dict.fromkeys(parts) if part != FALSE]
    if TRUE in kept:
        return TRUE
    return any_of(kept) if kept else FALSE


def kinds_of(condition: Condition) -> tuple[str, ...]:
    """Kinds of event that can satisfy the condition at all."""
    return tuple(kind for kind in KINDS if settle(condition, {kind}) != FALSE)
