"""What a correlation refers to, and what its fields mean in the events of each rule of single events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rtml.rules.language.columns import EVERY, LISTS, is_number
from rtml.rules.language.contract import Rule
from rtml.rules.language.over_rules import Leaf, Part
from rtml.rules.sigma.documents import Outer
from rtml.rules.sigma.mapping import LogSource
from rtml.rules.sigma.values import Unsupported

__all__ = ["Referred", "in_turn", "part_of"]

_MOST = 1000
"""Rules of single events that a correlation may come to, each as often as it is referred to."""


@dataclass(frozen=True)
class Referred:
    """A rule with its log source, or a correlation with what it refers to itself."""

    rule: Rule
    source: LogSource | None = None
    outer: Outer | None = None
    inner: tuple[Referred, ...] = ()

    @cached_property
    def size(self) -> int:
        """How many rules of single events it comes to."""
        return sum(one.size for one in self.inner) or 1

    def paths(self) -> Iterator[tuple[Referred, ...]]:
        """Yield the ways from here to each rule of single events."""
        if not self.inner:
            yield (self,)
        for one in self.inner:
            for path in one.paths():
                yield (self, *path)


def in_turn(refers: Mapping[int, Sequence[int]]) -> tuple[list[int], set[int]]:
    """Put each behind all that it refers to; say which come back to themselves, who are last.

    Examples
    --------
    >>> in_turn({1: [2], 2: [], 3: [4], 4: [3], 5: [3]})
    ([2, 1, 3, 4, 5], {3, 4})
    """
    order, left = [], dict(refers)
    ready = [one for one, parts in left.items() if not parts]
    waits = {one: len(set(parts)) for one, parts in left.items()}
    above: dict[int, list[int]] = {}
    for one, parts in left.items():
        for part in set(parts):
            above.setdefault(part, []).append(one)
    for one in ready:  # grows while it is walked
        order.append(one)
        del left[one]
        for user in above.get(one, []):
            waits[user] -= 1
            if waits[user] == 0:
                ready.append(user)
    circular = {one for one in left if one in _reached(one, left)}
    return [*order, *circular, *(one for one in left if one not in circular)], circular


def _reached(start: int, refers: Mapping[int, Sequence[int]]) -> set[int]:
    reached: set[int] = set()
    waiting = [start]
    while waiting:
        new = [one for one in refers.get(waiting.pop(), ()) if one not in reached]
        reached.update(new)
        waiting += new
    return reached


def part_of(
    outer: Outer, referred: Referred, keys: Sequence[str], values: Sequence[str], numbers: bool
) -> Part:
    """Return a part of a correlation: where its keys and values stand in the events of every rule.

    Raises
    ------
    Unsupported, UnknownName
        A field is not there, stands for several columns, or holds no numbers where ``numbers`` are asked for.
    """
    if referred.size > _MOST:
        raise Unsupported(f"its {referred.rule.title!r} comes to over {_MOST:,} rules")
    one = _number if numbers else _single
    leaves = [
        Leaf(
            path[-1].rule,
            tuple(_column(outer, path, name, _single) for name in keys),
            tuple(_column(outer, path, name, one) for name in values),
        )
        for path in referred.paths()
    ]
    different = {(leaf.rule.id, leaf.keys, leaf.values): leaf for leaf in leaves}
    return Part(referred.rule, tuple(different.values()))


def _column(
    outer: Outer, path: tuple[Referred, ...], name: str, chosen: Callable[[str, list[str]], str]
) -> str:
    """Look for a field: among the aliases of the correlation, then of those that it refers to."""
    for place, referred in enumerate((outer, *(one.outer for one in path))):
        if referred is None:
            break
        alias = referred.parsed.aliases.aliases.get(name)
        if alias is not None:
            name = _aliased(alias, path[place:], name)
            break
    source = path[-1].source
    assert source is not None
    return chosen(name, source.column(name).split())


def _aliased(alias: object, path: tuple[Referred, ...], name: str) -> str:
    mapping = getattr(alias, "mapping", {})
    known = {str(reference.reference).lower(): str(field) for reference, field in mapping.items()}
    for one in reversed(path):
        for known_as in (one.rule.reference, one.rule.id):
            if known_as.lower() in known:
                return known[known_as.lower()]
    raise Unsupported(f"its alias {name!r} has no field for the rule {path[-1].rule.title!r}")


def _single(name: str, columns: list[str]) -> str:
    if len(columns) > 1:
        raise Unsupported(
            f"field {name!r} stands for several columns ({', '.join(columns)}): no group or value"
        )
    return columns[0]


def _number(name: str, columns: list[str]) -> str:
    numbers = [column for column in columns if is_number(column) and column not in LISTS | EVERY]
    if not numbers:
        raise Unsupported(f"field {name!r} holds no numbers: it has no sum, mean or percentile")
    return _single(name, numbers)
