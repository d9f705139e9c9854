"""Rules, correlations and filters of all files together, as rules that can be run.

A rule that a correlation counts does not alarm by itself, unless every correlation that names it says
``generate: true``. What cannot be supported takes its parts with it: what a correlation counts would alarm
each time, and what a filter holds back would alarm again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from rtml.rules.language.contract import Rule, Skipped
from rtml.rules.sigma.correlating import over_rules
from rtml.rules.sigma.documents import Documents, Outer, documents, one_line
from rtml.rules.sigma.filters import concerning, idle
from rtml.rules.sigma.mapping import UnknownName
from rtml.rules.sigma.placeholders import Lists, rule_lists
from rtml.rules.sigma.reading import log_source, rule_of
from rtml.rules.sigma.referring import Referred, in_turn
from rtml.rules.sigma.values import Unsupported

__all__ = ["assemble", "parse"]


def parse(text: str, file: str, lists: Lists | None = None) -> Iterator[Rule | Skipped]:
    """Turn one Sigma file, of one document or several, into rules.

    Parameters
    ----------
    text
        YAML. A document that is broken or unsupported yields a `Skipped` and stops no other.
    file
        Its name, for the rules' ``source`` and for the reasons.
    lists
        Values of placeholders; default: those that come with rtml.
    """
    return assemble([documents(text, file)], rule_lists() if lists is None else lists)


@dataclass(eq=False)
class _Named:
    """A rule or correlation with the names that refer to it; ``rule`` is None where it is not run."""

    file: str
    title: str
    names: frozenset[str]
    rule: Rule | None
    referred: Referred | None = None


_ByName: TypeAlias = dict[str, list[_Named]]


def assemble(files: Iterable[Documents], lists: Lists) -> Iterator[Rule | Skipped]:
    """Yield the rules of files that belong together, in their order, and what was skipped.

    A name is looked for in the file that uses it, then in the others.
    """
    files = list(files)
    filters = [outer for one in files for outer in one.filters]
    plain = [document for one in files for document in one.rules]
    known: list[_Named] = []
    yield from (skipped for one in files for skipped in one.skipped)
    yield from idle(filters, plain)
    seen: dict[str, Rule] = {}
    for file in files:
        for found in _plain(file, filters, lists, seen):
            if isinstance(found, Skipped):
                yield found
            else:
                known.append(found)
    outers = [outer for file in files for outer in file.correlations]
    correlations = [
        (outer, _Named(outer.file, outer.title, frozenset(outer.names), None)) for outer in outers
    ]
    everything = [*known, *(named for _, named in correlations)]
    yield from _all_correlated(correlations, everything, seen)
    yield from _alone(everything, correlations)


def _plain(
    file: Documents, filters: Sequence[Outer], lists: Lists, seen: dict[str, Rule]
) -> Iterator[_Named | Skipped]:
    for place, document in enumerate(file.rules, 1):
        names = frozenset(str(n).lower() for n in (document.name, document.id) if n is not None)
        title = f"rule {document.title!r}"
        passed = concerning(filters, document)
        result = _translated(document, file.file, place, passed, lists)
        if isinstance(result, Rule) and result.id in seen:
            yield Skipped(file.file, f"id {result.id} is also in {seen[result.id].source}")
            continue
        if isinstance(result, Skipped):
            yield result
            yield _Named(file.file, title, names, None)
            continue
        seen[result.id] = result
        yield _Named(file.file, title, names, result, Referred(result, log_source(document.logsource)))


def _translated(
    document: Any, file: str, place: int, filters: Sequence[Outer], lists: Lists
) -> Rule | Skipped:
    behind = f" (behind {', '.join(outer.title for outer in filters)})" if filters else ""
    faulty = next((outer for outer in filters if outer.fault), None)
    if faulty is not None:
        what = f"rule {document.title!r} is behind {faulty.title}, which is not run: alone it means more"
        return Skipped(file, what)
    try:
        name = file if place == 1 else f"{file}#{place}"
        return rule_of(document, file, name, lists, [outer.parsed for outer in filters])
    except (UnknownName, Unsupported) as error:
        return Skipped(file, f"{error}{behind}")
    except Exception as error:
        return Skipped(file, f"{one_line(error)}{behind}")


def _all_correlated(
    correlations: Sequence[tuple[Outer, _Named]], everything: Sequence[_Named], seen: dict[str, Rule]
) -> Iterator[Skipped]:
    """Translate correlations, each behind those that it refers to; say which are not run."""
    placed = {id(named): (place, outer, named) for place, (outer, named) in enumerate(correlations, 1)}
    known = _by_name(everything)
    refers = {
        key: [id(part) for name in outer.rules or () for part in _resolved(outer, name, known)]
        for key, (_, outer, _) in placed.items()
    }
    order, circular = in_turn({key: [p for p in parts if p in placed] for key, parts in refers.items()})
    for key in order:
        place, outer, named = placed[key]
        found = _correlated(outer, known, f"{outer.file}#correlation{place}", seen, key in circular)
        if isinstance(found, Skipped):
            yield found
        else:
            named.rule, named.referred = found.rule, found


def _correlated(
    outer: Outer, known: _ByName, name: str, seen: dict[str, Rule], circular: bool
) -> Referred | Skipped:
    try:
        if outer.fault:
            raise Unsupported(outer.fault)
        if not outer.rules:
            raise Unsupported("it names no rules")
        if circular:
            raise Unsupported("it refers to itself, by way of what it refers to")
        parts = tuple(_part(outer, part, known) for part in outer.rules)
        rule = over_rules(outer, parts, name)
    except (UnknownName, Unsupported) as error:
        return Skipped(outer.file, f"{outer.title}: {error}")
    except Exception as error:
        return Skipped(outer.file, f"{outer.title}: {one_line(error)}")
    if rule.id in seen:
        return Skipped(outer.file, f"id {rule.id} is also in {seen[rule.id].source}")
    return Referred(seen.setdefault(rule.id, rule), outer=outer, inner=parts)


def _part(outer: Outer, name: str, known: _ByName) -> Referred:
    found = _resolved(outer, name, known)
    if not found:
        raise Unsupported(f"no rule in these files is named {name!r}")
    if len(found) > 1:
        raise Unsupported(f"{len(found)} rules are named {name!r}, none of them in its own file only")
    (part,) = found
    if part.referred is None:
        raise Unsupported(f"its {part.title} is not run")
    return part.referred


def _by_name(everything: Sequence[_Named]) -> _ByName:
    known: _ByName = {}
    for named in everything:
        for name in named.names:
            known.setdefault(name, []).append(named)
    return known


def _resolved(outer: Outer, name: str, known: _ByName) -> list[_Named]:
    """Return what a name means: in the same file, else anywhere."""
    found = known.get(name, [])
    return [named for named in found if named.file == outer.file] or found


def _alone(
    everything: Sequence[_Named], correlations: Sequence[tuple[Outer, _Named]]
) -> Iterator[Rule | Skipped]:
    """Yield what alarms by itself, and say what does not because its correlation is not run."""
    owners: dict[int, list[_Named]] = {}
    known = _by_name(everything)
    for outer, owner in correlations:
        if not outer.generate:
            for part in outer.rules or ():
                for named in _resolved(outer, part, known):
                    owners.setdefault(id(named), []).append(owner)
    for named in everything:
        if named.rule is None:
            continue
        mine = owners.get(id(named), [])
        if not mine:
            yield named.rule
        elif all(owner.rule is None for owner in mine):
            what = f"is a part of {mine[0].title}, which is not run: alone it means less"
            yield Skipped(named.file, f"{named.title} {what}")
