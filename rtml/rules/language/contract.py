"""What a rule is, whatever language it was written in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl

from rtml.rules.language.conditions import Condition, columns_of
from rtml.rules.language.expressions import expression
from rtml.rules.language.views import sources
from rtml.text import visible

__all__ = ["Rule", "Skipped"]


@dataclass(frozen=True)
class Skipped:
    """A rule that was not loaded, and why."""

    file: str
    reason: str


@dataclass(frozen=True, repr=False)
class Rule:
    """One rule: what it looks for, what it stands for, and who wrote it.

    Parameters
    ----------
    id, title, level
        As in the rule's file; ``level`` is a key of `LEVELS`.
    finding_type
        The finding type that a match means, in GuardDuty's grammar.
    techniques, tags
        ATT&CK technique ids (``T1059.004``); all tags as written.
    authors, licence
        Some licences (DRL 1.1) ask that the author accompanies every match: findings carry it.
    source
        The file it came from.
    kinds, where
        Event kinds that it considers, and a name of `rtml.rules.language.columns.WHERE`.
    condition
        What must hold of one event.
    examples
        Events that must match and events that must not, for rules that bring them.
    reference
        Name by which other rules refer to it, if it has such a name beside its id.
    """

    id: str
    title: str
    level: str
    finding_type: str
    techniques: tuple[str, ...]
    tags: tuple[str, ...]
    authors: str
    licence: str
    source: str
    kinds: tuple[str, ...]
    where: str
    condition: Condition
    examples: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    description: str = ""
    reference: str = ""

    def __repr__(self) -> str:
        """Name the rule; its condition is long."""
        return f"{type(self).__name__}({self.id!r}, {visible(self.title)!r}, {self.level})"

    @cached_property
    def columns(self) -> frozenset[str]:
        """Columns that the condition reads, derived ones included, views by what they need."""
        return sources(columns_of(self.condition))

    @cached_property
    def expression(self) -> pl.Expr:
        """The condition over prepared columns; Boolean, never null."""
        return expression(self.condition)

    @property
    def label(self) -> str:
        """Title and author, as they accompany every match."""
        return f"{self.title} (rule by {self.authors})" if self.authors else self.title
