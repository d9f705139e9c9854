"""Falco's rules: load rule files of Falco, and say of every rule that does not fit why.

Of system calls only those of containers are looked at, so a rule for the host can never match. Rules
of source k8s_audit see every event of the audit log, earlier stages of a request too. Falco reports
the first rule that matches an event; here all are evaluated and all that match are reported
(`rtml.rules.falco.first_match` keeps the difference).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from rtml.findings.attack import techniques_of
from rtml.findings.levels import level_of
from rtml.findings.rule_types import finding_type_of
from rtml.rules.falco.changing import truth
from rtml.rules.falco.documents import Definitions, Entry
from rtml.rules.falco.expanding import Expander
from rtml.rules.falco.fields import MISSING, UNSEEN
from rtml.rules.falco.operands import Refused
from rtml.rules.falco.sources import SOURCES, Source
from rtml.rules.falco.translating import translate
from rtml.rules.language.conditions import All, Condition, Not, any_of, columns_of
from rtml.rules.language.contract import Rule, Skipped
from rtml.rules.language.inputs import blank
from rtml.rules.language.masks import masks
from rtml.rules.language.settle import FALSE, kinds_of, settle
from rtml.rules.language.views import sources
from rtml.rules.sigma.loading import read_text, rule_files
from rtml.rules.sigma.mapping import UnknownName

__all__ = ["PREFIX", "load_falco"]

PREFIX = "falco/"
"""Ids of rules of Falco begin so; the rest is the rule's name."""
PRIORITIES = frozenset("emergency alert critical error warning notice informational info debug".split())


def load_falco(paths: Iterable[str | Path], *, disabled: bool = False) -> tuple[list[Rule], list[Skipped]]:
    """Load rule files of Falco, all into one set of definitions, in the order given.

    Parameters
    ----------
    paths
        Files, or folders that are searched for ``*.yml`` and ``*.yaml``.
    disabled
        Also rules that their file disables (``enabled: false``); else they are skipped.

    Returns
    -------
    Rules in the order of their files, and what was skipped: broken files, rules that depend on a
    field that no capture holds (named). A rule that can never match in a container (one for the
    host, or one that an empty list switches off) has no kinds: it counts as "could not match".

    Raises
    ------
    RtmlError
        A path does not exist.
    """
    definitions = Definitions()
    for file in rule_files(paths):
        text = read_text(file)
        if isinstance(text, Skipped):
            definitions.skipped.append(text)
        else:
            definitions.add(text, str(file))
    expander = Expander(definitions)
    rules: list[Rule] = []
    for entry in definitions.rules.values():
        loaded = _rule(entry, expander, disabled, definitions.skipped)
        if isinstance(loaded, Rule):
            rules.append(loaded)
        else:
            definitions.skipped.append(loaded)
    return rules, definitions.skipped


def _rule(entry: Entry, expander: Expander, disabled: bool, told: list[Skipped]) -> Rule | Skipped:
    def skipped(reason: str) -> Skipped:
        return Skipped(entry.file, f"rule {entry.name!r}: {reason}")

    if truth(entry.values.get("enabled")) is False and not disabled:
        return skipped("disabled in its file (enabled: false)")
    name = entry.values.get("source") or "syscall"
    source = SOURCES.get(name) if isinstance(name, str) else None
    if source is None:
        return skipped(f"of source {name}; only rules of the sources {' and '.join(SOURCES)} are run")
    try:
        condition = translate(expander.rule(entry), expander.literals, source.field)
        passed, problems = _passed(entry, expander, source)
        told += map(skipped, [*problems, *_odd_priority(entry)])
        condition = All((condition, Not(any_of(passed)))) if passed else condition
        kinds = tuple(kind for kind in kinds_of(condition) if kind in source.kinds)
        if not kinds and settle(condition, {UNSEEN}) != FALSE:
            raise Refused("asks for system calls that no capture holds")
        rule = _made(entry, kinds, settle(condition, set(kinds)))
        # What Polars refuses (a broken or huge regex, say) is found on an empty event.
        masks(blank(rule.columns), [rule])
    except (Refused, UnknownName) as error:
        return skipped(str(error))
    except (pl.exceptions.PolarsError, RecursionError) as error:
        return skipped(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")
    return rule


def _passed(entry: Entry, expander: Expander, source: Source) -> tuple[list[Condition], list[str]]:
    """Return what the exceptions of a rule let pass, and which of them are not understood and left out."""
    passed, problems = [], []
    for exception in entry.values.get("exceptions") or []:
        try:
            one = translate(expander.exception(exception), expander.literals, source.field)
        except (Refused, UnknownName) as problem:
            problems.append(f"exception {exception.get('name')!r}, which is left out: {problem}")
        else:
            passed.append(one)
    return passed, problems


def _odd_priority(entry: Entry) -> list[str]:
    """Say where a priority is none of Falco's, which refuses the file."""
    word = str(entry.values.get("priority", "notice"))
    return [] if word.lower() in PRIORITIES else [f"priority {word!r}, which is none: taken for notice"]


def _made(entry: Entry, kinds: tuple[str, ...], condition: Condition) -> Rule:
    _possible(kinds, condition)
    values = entry.values
    tags = tuple(map(str, values.get("tags") or ()))
    tactics = [tag.removeprefix("mitre_") for tag in tags]
    return Rule(
        id=f"{PREFIX}{entry.name}",
        title=entry.name,
        level=level_of(str(values.get("priority", "notice"))),
        finding_type=finding_type_of(tactics, "FalcoRule"),
        techniques=techniques_of(tags),
        tags=tags,
        authors=entry.authors,
        licence=entry.licence,
        source=entry.file,
        kinds=kinds,
        # Falco names a failed exec's caller; that is not the program which did not start.
        where="succeeded" if kinds == ("exec",) else "",
        condition=condition,
        description=" ".join(str(values.get("desc", "")).split()),
    )


def _possible(kinds: tuple[str, ...], condition: Condition) -> None:
    columns = columns_of(condition)
    if kinds and not sources(columns):
        raise Refused("matches every event")
    _complete(columns)


def _complete(columns: frozenset[str]) -> None:
    missing = sorted(c.removeprefix(MISSING) for c in columns if c.startswith(MISSING))
    if missing:
        raise Refused(f"needs {', '.join(missing)}, which no capture holds")
