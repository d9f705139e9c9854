"""Lists that rules name and users fill: ``field|expand: '%allowed_users%'`` in Sigma.

``mappings/k8s_audit_lists.yml`` holds the defaults; a file of the user's replaces a list, or adds
to it with ``{append: [...]}``. A list that is null is not filled: a rule that names it is skipped
and says so, it does not silently match everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

import yaml

from rtml.errors import UsageError, did_you_mean
from rtml.reading.user_yaml import read_yaml
from rtml.rules.language.columns import EVERY
from rtml.rules.language.conditions import AnyOf, Condition, Pattern, Text
from rtml.rules.sigma.mapping import UnknownName
from rtml.text import SEPARATOR

__all__ = ["Lists", "expanded", "rule_lists"]

Lists = Mapping[str, tuple[str, ...] | None]
"""Name to values; None: nobody has filled it."""

_WANTED = "write a mapping of names to lists, like allowed_users: [alice]"


@cache
def _shipped() -> dict[str, tuple[str, ...] | None]:
    text = files("rtml.rules").joinpath("mappings/k8s_audit_lists.yml").read_text("utf-8")
    lists = yaml.safe_load(text)
    return {name: None if v is None else tuple(v) for name, v in lists.items()}


def rule_lists(path: Path | None = None) -> Lists:
    """Return the lists: the shipped ones, changed by the user's file.

    Raises
    ------
    UsageError
        The file cannot be read, or is not a mapping of names to lists of texts.

    Examples
    --------
    >>> rule_lists()["allowed_namespaces"], rule_lists()["allowed_images"]
    (('kube-system', 'kube-public', 'default'), None)
    """
    lists = dict(_shipped())
    changes = {} if path is None else read_yaml(path, dict, _WANTED)
    for name, value in ((str(name), value) for name, value in changes.items()):
        append = isinstance(value, dict) and set(value) == {"append"}
        values = value["append"] if append else value
        if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
            raise UsageError(f"{path}: {name}: write a list of texts, or {{append: [...]}}")
        lists[name] = (*(lists.get(name) or ()), *values) if append else tuple(values)
    return lists


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
