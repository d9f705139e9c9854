"""Conditions of temporal correlations that join rules by and, or, not, from pySigma's trees to ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rtml.rules.language.over_rules import Which
from rtml.rules.sigma.values import Unsupported

__all__ = ["holds_for_none", "order_of", "which_of"]

_HOW = {"CorrelationConditionAND": "and", "CorrelationConditionOR": "or", "CorrelationConditionNOT": "not"}


def which_of(node: Any, rules: Sequence[str]) -> Which:
    """Translate pySigma's tree; a rule becomes its place among the names of the rules."""
    how = _HOW.get(type(node).__name__)
    if how is not None:
        return how, tuple(which_of(arg, rules) for arg in node.args)
    name = str(getattr(node, "reference", node)).lower()
    if name not in rules:
        raise Unsupported(f"its condition names {name!r}, its rules do not")
    return list(rules).index(name)


def holds_for_none(which: Which) -> bool:
    """Tell whether a condition holds where no rule matched.

    Examples
    --------
    >>> holds_for_none(("not", (0,))), holds_for_none(("and", (1, ("not", (0,)))))
    (True, False)
    """
    if isinstance(which, int):
        return False
    how, inner = which
    held = [holds_for_none(one) for one in inner]
    return not held[0] if how == "not" else all(held) if how == "and" else any(held)


def order_of(which: Which, rules: int) -> tuple[int, ...]:
    """Return the place of each rule in the order that a chain of ``and`` says.

    Rules that an ``or`` joins share a place: one of them is enough.

    Raises
    ------
    Unsupported
        A ``not``, a rule at two places, an ``and`` within an ``or``: of these no order is defined.

    Examples
    --------
    >>> order_of(("and", (1, ("or", (0, 2)))), 3)
    (1, 0, 1)
    """
    chain = which[1] if not isinstance(which, int) and which[0] == "and" else (which,)
    steps = [one[1] if not isinstance(one, int) and one[0] == "or" else (one,) for one in chain]
    named = [one for step in steps for one in step]
    if sorted(map(str, named)) != sorted(map(str, range(rules))):
        raise Unsupported("an order is a chain of and, of rules or rules joined by or, each of them once")
    places = {one: place for place, step in enumerate(steps) for one in step}
    return tuple(places[number] for number in range(rules))
