"""Rule files of Falco: lists, macros and rules, and how later entries change earlier ones.

A later entry of the same name replaces the earlier one, or with ``append: true`` or ``override``
is joined to it, key by key. Every file is read into one set of definitions, as Falco does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rtml.reading.user_yaml import YamlError, parse_yaml
from rtml.rules.language.contract import Skipped

__all__ = ["Definitions", "Entry"]

_KINDS = ("rule", "macro", "list")
_IGNORED = ("required_engine_version", "required_plugin_versions")
_JOINED = ("condition", "items", "exceptions", "tags", "output", "desc")
_LICENCE = re.compile(r"SPDX-License-Identifier:\s*(\S+)")
_OWNER = re.compile(r"Copyright \(C\) [\d, -]+ (.*?)\.?\s*$", re.M)


@dataclass
class Entry:
    """A list, macro or rule as it stands after all changes, and the file it came from."""

    name: str
    file: str
    licence: str
    authors: str
    values: dict[str, Any]


@dataclass
class Definitions:
    """All lists, macros and rules by name, and what was skipped on the way."""

    rules: dict[str, Entry] = field(default_factory=dict)
    macros: dict[str, Entry] = field(default_factory=dict)
    lists: dict[str, Entry] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)

    def add(self, text: str, file: str) -> None:
        r"""Read one file; what is broken is named in ``skipped``.

        Examples
        --------
        >>> known = Definitions()
        >>> known.add("- list: shells\n  items: [sh]", "a.yaml")
        >>> known.add("- list: shells\n  items: [bash]\n  override: {items: append}", "b.yaml")
        >>> known.lists["shells"].values["items"]
        ['sh', 'bash']
        """
        try:
            # Every scalar stays text: 'on' is the name of a program, not a truth.
            documents = parse_yaml(text, file, texts_only=True)
        except YamlError as error:
            self._skip(file, f"line {error.line}: {error.reason[:200]}")
            return
        if not isinstance(documents, list):
            self._skip(file, "a Falco rule file is a list of rules, macros and lists")
            return
        licence, owner = _LICENCE.search(text), _OWNER.search(text)
        for one in documents:
            for problem in self._entry(
                one, file, licence[1] if licence else "unstated", owner[1] if owner else ""
            ):
                self._skip(file, problem)

    def _skip(self, file: str, reason: str) -> None:
        self.skipped.append(Skipped(file, reason))

    def _entry(self, one: Any, file: str, licence: str, authors: str) -> Iterator[str]:
        kind = next((k for k in _KINDS if isinstance(one, dict) and k in one), None)
        if kind is None:
            if not (isinstance(one, dict) and set(one) & set(_IGNORED)):
                yield f"neither a rule, a macro nor a list: {str(one)[:60]!r}"
            return
        table: dict[str, Entry] = getattr(self, f"{kind}s")
        name, before = str(one[kind]), table.get(str(one[kind]))
        problem = _shape(kind, one)
        if problem:
            yield f"{kind} {name!r}: {problem}"
            return
        ways = dict(one.get("override") or {})
        if one.get("append") == "true":
            ways |= {key: "append" for key in ("condition", "items", "exceptions") if key in one}
        toggles = kind == "rule" and "condition" not in one and "enabled" in one
        if ways or toggles:
            if before is None:
                yield f"{kind} {name!r} is changed but was not defined before"
            else:
                _change(before.values, one, ways)
            return
        if before is not None and kind == "rule":
            where = "earlier in this file" if before.file == file else f"in {before.file}"
            yield f"rule {name!r} replaces the one {where}"
        table[name] = Entry(name, file, licence, authors, dict(one))


def _shape(kind: str, one: dict[str, Any]) -> str | None:
    """Say what is wrong with the types of an entry, if anything."""
    if not isinstance(one.get("override") or {}, dict):
        return "override must be a mapping"
    for key, wanted in (("condition", str), ("items", list), ("tags", list), ("exceptions", list)):
        if one.get(key) and not isinstance(one[key], wanted):
            return f"{key} has the wrong form"
    if kind == "list" and any(not isinstance(item, str) for item in one.get("items") or []):
        return "items must be plain values"
    needed = "items" if kind == "list" else "condition"
    changed = one.get("override") or one.get("append") or "enabled" in one
    return None if changed or needed in one else f"has no {needed}"


def _change(values: dict[str, Any], one: dict[str, Any], ways: dict[str, str]) -> None:
    for key in ways or {"enabled": "replace"}:
        if key not in one:
            continue
        old, new = values.get(key), one[key]
        if ways.get(key) != "append" or old is None or key not in _JOINED:
            values[key] = new
        else:
            values[key] = f"{old} {new}" if isinstance(old, str) else [*old, *new]
