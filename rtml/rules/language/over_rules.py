"""A rule over the matches of other rules: how many, how much, which together, in which order."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from rtml.rules.language.contract import Rule

__all__ = ["MEASURED", "Bound", "Counted", "Leaf", "OverRules", "Part", "Which", "can_hold", "has_not"]

Counted: TypeAlias = Literal["events", "values", "rules", "which", "order", "sum", "average", "percentile"]
"""What is looked at within the timespan: events, different values, different rules, which rules; rules in
their order; or the sum, the mean or a percentile of the values."""

Which: TypeAlias = "int | tuple[str, tuple[Which, ...]]"
"""Numbers of parts, joined: ``("and", (0, ("not", (1,))))``."""

MEASURED = ("sum", "average", "percentile")
"""What is looked at of numbers."""

_MOST_COMBINATIONS = 12


@dataclass(frozen=True)
class Bound:
    """What the count must be: ``how`` is one of ``> >= < <= == !=``."""

    how: Literal[">", ">=", "<", "<=", "==", "!="]
    number: float

    @property
    def is_lower(self) -> bool:
        """Tell whether more can never be too many."""
        return self.how in (">", ">=")


@dataclass(frozen=True)
class Leaf:
    """A rule of single events: the columns that group them, and those whose values count."""

    rule: Rule
    keys: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """A rule whose hits count, and what its events are: its own, or those of the rules that it counts."""

    rule: Rule
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True, kw_only=True, repr=False)
class OverRules(Rule):
    """A rule whose hits are events that complete a number of matches of its parts.

    Everything that takes rules takes these: levels, tuning, suppression, the account.

    Parameters
    ----------
    parts
        The rules, rules over rules among them; they do not alarm by themselves unless they are also among
        the rules that are run.
    counted, bounds
        What is counted within the span, and all that the count must be.
    span
        Two events that are exactly this far apart are within it.
    fields
        Names of the keys, as the rule's author wrote them.
    percentile
        0 to 100, where ``counted`` is a percentile.
    which
        Which rules must have matched together, where ``counted`` says so.
    places
        For each part, its place in the order: several parts may stand for one.
    """

    parts: tuple[Part, ...]
    counted: Counted
    bounds: tuple[Bound, ...]
    span: dt.timedelta
    fields: tuple[str, ...] = ()
    percentile: float = 50.0
    which: Which = 0
    places: tuple[int, ...] = field(default=())


def has_not(which: Which) -> bool:
    """Tell whether a match more can make it untrue.

    Examples
    --------
    >>> has_not(("and", (0, 1))), has_not(("and", (0, ("not", (1,)))))
    (False, True)
    """
    return not isinstance(which, int) and (which[0] == "not" or any(map(has_not, which[1])))


def can_hold(which: Which, parts: Collection[int]) -> bool:
    """Tell whether some of these parts together fulfil it; of many parts it is assumed.

    Examples
    --------
    >>> can_hold(("and", (0, ("not", (1,)))), [0, 1]), can_hold(("and", (0, ("not", (0,)))), [0, 1])
    (True, False)
    """
    if len(parts) > _MOST_COMBINATIONS:
        return has_not(which) or _holds(which, frozenset(parts))
    some = (itertools.combinations(parts, n) for n in range(1, len(parts) + 1))
    return any(_holds(which, frozenset(matched)) for matched in itertools.chain.from_iterable(some))


def _holds(which: Which, matched: frozenset[int]) -> bool:
    if isinstance(which, int):
        return which in matched
    how, inner = which
    held = [_holds(one, matched) for one in inner]
    return not held[0] if how == "not" else all(held) if how == "and" else any(held)
