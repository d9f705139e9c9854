"""Rules that mean something only inside of another: of a correlation, or behind a filter.

Neither correlations nor filters over files are run here. Their parts must then not run alone: what
a correlation counts would alarm each time, and what a filter lets pass would alarm again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rtml.rules.language.contract import Rule, Skipped

__all__ = ["Outer", "outers", "without_parts"]


@dataclass(frozen=True)
class Outer(Skipped):
    """A correlation or filter that is not run; ``parts`` are the names and ids of its rules."""

    title: str
    parts: frozenset[str]


def outers(collection: Any, file: str) -> Iterator[Outer | Skipped]:
    """Yield the correlations of one file, and its filters of rules that are not in it.

    Parameters
    ----------
    collection
        A ``SigmaCollection``, in which filters have met the rules of their own file.
    file
        Its name.
    """
    here = {key for rule in collection.rules for key in _names(rule.name, rule.id)}
    for rule in collection.rules:
        if hasattr(rule, "generate"):
            title = f"correlation {rule.title!r}"
            references = [] if rule.generate else rule.rules or rule.referenced_rules
            parts = frozenset(_names(*(reference.reference for reference in references)))
            yield Outer(
                file, f"{title}: SigmaCorrelationRule is not supported, only plain rules", title, parts
            )
    for item in collection.filters:
        title = f"filter {item.title!r}"
        if isinstance(item.filter.rules, str):
            if not here:
                yield Skipped(file, f"{title}: rules of other files are not filtered")
            continue
        parts = frozenset(_names(*(reference.reference for reference in item.filter.rules))) - here
        if parts:
            yield Outer(file, f"{title}: rules of other files are not filtered", title, parts)


def _names(*names: Any) -> Iterator[str]:
    yield from (str(name).lower() for name in names if name is not None)


def without_parts(rules: Iterable[Rule], skipped: list[Skipped]) -> tuple[list[Rule], list[Skipped]]:
    """Take out the rules that are parts of what was skipped.

    Examples
    --------
    >>> without_parts([], [Outer("a.yml", "no", "correlation 'A'", frozenset({"b"}))])[0]
    []
    """
    owners = {part: outer.title for outer in skipped if isinstance(outer, Outer) for part in outer.parts}
    kept, parts = [], []
    for rule in rules:
        names = _names(rule.reference or None, rule.id)
        owner = next((owners[name] for name in names if name in owners), None)
        if owner is None:
            kept.append(rule)
        else:
            reason = f"rule {rule.title!r} is a part of {owner}, which is not run: alone it means less"
            parts.append(Skipped(rule.source, reason))
    return kept, [*skipped, *parts]
