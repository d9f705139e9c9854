"""Lists that rules name and users fill: ``field|expand: '%allowed_users%'`` in Sigma.

``mappings/k8s_audit_lists.yml`` holds the defaults; a file of the user's replaces a list, or adds
to it with ``{append: [...]}``. A list that is null is not filled: a rule that names it is skipped
and says so, it does not silently match everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rtml.errors import UsageError, did_you_mean
from rtml.reading.packaged import packaged_yaml
from rtml.reading.user_yaml import read_yaml
from rtml.rules.language.columns import EVERY
from rtml.rules.language.conditions import AnyOf, Condition, Pattern, Text
from rtml.rules.language.contract import Skipped
from rtml.rules.sigma.mapping import UnknownName
from rtml.text import SEPARATOR

__all__ = ["GivenLists", "Lists", "expanded", "rule_lists"]

Lists = Mapping[str, tuple[str, ...] | None]
"""Name to values; None: nobody has filled it."""


class GivenLists(dict[str, tuple[str, ...] | None]):
    """The lists as a user's file changes them, and what became of the user's part.

    ``given`` are the names that the file has; ``asked``, those that rules have asked for so far.
    """

    def __init__(self, lists: Lists, given: Iterable[str], path: Path | None) -> None:
        super().__init__(lists)
        self.given, self.path = tuple(given), path
        self.asked: set[str] = set()

    def idle(self) -> list[Skipped]:
        """Say what of the file changes nothing: to be asked when all rules are loaded.

        Raises
        ------
        UsageError
            No rule names any list of the file, or a name is that of no list at all.
        """
        if self.path is None:
            return []
        unnamed = [name for name in self.given if name not in self.asked]
        known = {*_shipped(), *self.asked}
        if len(unnamed) == len(self.given) or not known.issuperset(unnamed):
            worst = next((name for name in unnamed if name not in known), unnamed[0])
            hint = "the rules of the pack k8s-audit do" if worst in known else did_you_mean(worst, known)
            raise UsageError(f"{self.path}: {worst}: no rule that is loaded names this list; {hint}")
        told = [(name, "no rule that is loaded names this list") for name in unnamed]
        told += [(name, "is empty: nothing is on it") for name in self.given if not self[name]]
        return [Skipped(str(self.path), f"list {name!r}: {reason}") for name, reason in told]


_WANTED = "write a mapping of names to lists, like allowed_users: [alice]"


@cache
def _shipped() -> dict[str, tuple[str, ...] | None]:
    lists = packaged_yaml("rtml.rules", "mappings/k8s_audit_lists.yml", dict)
    return {name: None if v is None else tuple(v) for name, v in lists.items()}


def rule_lists(path: Path | None = None) -> GivenLists:
    """Return the lists: the shipped ones, changed by the user's file.

    A list may be emptied (``[]``), which is said once the rules are loaded (`GivenLists.idle`).

    Raises
    ------
    UsageError
        The file cannot be read, is not a mapping of names to lists of texts, or has no entry at all.

    Examples
    --------
    >>> rule_lists()["allowed_namespaces"], rule_lists()["allowed_images"]
    (('kube-system', 'kube-public', 'default'), None)
    """
    lists = dict(_shipped())
    changes = {} if path is None else read_yaml(path, dict, _WANTED)
    entries = 0
    for name, value in ((str(name), value) for name, value in changes.items()):
        append = isinstance(value, dict) and set(value) == {"append"}
        values = _texts(f"{path}: {name}", value["append"] if append else value)
        entries += len(values)
        lists[name] = (*(lists.get(name) or ()), *values) if append else values
    if path is not None and not entries:
        raise UsageError(f"{path}: holds no entry, so it guards nothing; {_WANTED}")
    return GivenLists(lists, map(str, changes), path)


def _texts(where: str, values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
        raise UsageError(f"{where}: write a list of texts, or {{append: [...]}}")
    blank = [place for place, item in enumerate(values, 1) if not item.strip()]
    if blank:
        raise UsageError(f"{where}: entry {blank[0]} is empty")
    return tuple(values)


def expanded(name: str, columns: Iterable[str], lists: Lists) -> Condition:
    """Return the test that a column is among the values of a list.

    A column of `rtml.rules.language.columns.EVERY` holds several values, which must all be among them.

    Examples
    --------
    >>> expanded("a", ["username"], {"a": ("alice", "bob")})
    AnyOf(args=(Text(column='username', how='equals', values=('alice', 'bob'), cased=True),))
    >>> expanded("b", ["username"], {"a": None})
    Traceback (most recent call last):
    ...
    rtml.rules.sigma.mapping.UnknownName: placeholder 'b': a list that nobody filled; known: a
    """
    values = lists.get(name)
    if isinstance(lists, GivenLists):
        lists.asked.add(name)
    if values is None:
        hint = "its values go into `lists`" if name in lists else did_you_mean(name, lists)
        raise UnknownName(f"placeholder {name!r}: a list that nobody filled; {hint}")
    if not values:
        return AnyOf(())
    return AnyOf(tuple(_among(column, values) for column in columns))


def _among(column: str, values: tuple[str, ...]) -> Condition:
    if column not in EVERY:
        return Text(column, "equals", values, cased=True)
    alternatives = f"(?:{'|'.join(re.escape(value) for value in values)})"
    return Pattern(column, f"^{alternatives}(?:{SEPARATOR}{alternatives})*$")
