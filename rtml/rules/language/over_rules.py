"""A rule over the matches of other rules: how many, how many different, which together, in which order."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rtml.rules.language.contract import Rule

__all__ = ["Bound", "Counted", "OverRules", "Part"]

Counted: TypeAlias = Literal["events", "values", "rules", "order"]
"""What is counted within the timespan: events, different values, different rules; or rules in their order."""


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
class Part:
    """A rule whose matches count: the columns of its events that group them, and those whose values count."""

    rule: Rule
    keys: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, repr=False)
class OverRules(Rule):
    """A rule whose hits are events that complete a number of matches of its parts.

    Everything that takes rules takes these: levels, tuning, suppression, the account.

    Parameters
    ----------
    parts
        The rules; they do not alarm by themselves unless they are also among the rules that are run.
    counted, bounds
        What is counted within the span, and all that the count must be.
    span
        Two events that are exactly this far apart are within it.
    fields
        Names of the keys, as the rule's author wrote them.
    """

    parts: tuple[Part, ...]
    counted: Counted
    bounds: tuple[Bound, ...]
    span: dt.timedelta
    fields: tuple[str, ...] = ()
