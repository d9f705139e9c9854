"""Rule files of Falco: lists, macros and rules, and how later entries change earlier ones.

A file holds any number of YAML documents. A later entry of the same name replaces the earlier one,
or with ``append: true`` or ``override`` is joined to it, key by key. Every file is read into one set
of definitions, as Falco does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rtml.reading.user_yaml import YamlError, yaml_documents
from rtml.rules.falco.changing import BadChange, changed, ways_of
from rtml.rules.falco.exceptions import merged
from rtml.rules.language.contract import Skipped

__all__ = ["Definitions", "Entry"]

_KINDS = ("rule", "macro", "list")
_IGNORED = ("required_engine_version", "required_plugin_versions")
_NOTHING = ("", "~", "null", "Null", "NULL")
_LICENCE = re.compile(r"SPDX-License-Identifier:\s*(\S+)")
_HALF = re.compile("[\ud800-\udfff]")
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
    """All lists, macros and rules by name, what was skipped on the way, and names of ``broken`` lists."""

    rules: dict[str, Entry] = field(default_factory=dict)
    macros: dict[str, Entry] = field(default_factory=dict)
    lists: dict[str, Entry] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)

    def add(self, text: str, file: str) -> None:
        r"""Read one file; what is broken is named in ``skipped``.

        Examples
        --------
        >>> definitions = Definitions()
        >>> definitions.add("- list: shells\n  items: [sh]", "a.yaml")
        >>> definitions.add("- list: shells\n  items: [bash]\n  override: {items: append}", "b.yaml")
        >>> definitions.lists["shells"].values["items"]
        ['sh', 'bash']
        """
        if not text.strip():
            self._skip(file, "empty: a Falco rule file is a list of rules, macros and lists")
        licence, owner = _LICENCE.search(text), _OWNER.search(text)
        signed = (licence[1] if licence else "unstated", owner[1] if owner else "")
        try:
            # Every scalar stays text: 'on' is the name of a program, not a truth value.
            for document in yaml_documents(text, file):
                self._document(document, file, *signed)
        except YamlError as error:
            self._skip(file, f"line {error.line}: {error.reason[:200]}")

    def _document(self, document: Any, file: str, licence: str, authors: str) -> None:
        if document in ("", None):
            return
        if not isinstance(document, list):
            self._skip(file, "a Falco rule file is a list of rules, macros and lists")
            return
        for entry in document:
            if entry in _NOTHING:
                continue
            for problem in self._entry(entry, file, licence, authors):
                self._skip(file, problem)

    def _skip(self, file: str, reason: str) -> None:
        self.skipped.append(Skipped(file, reason))

    def _entry(self, document: Any, file: str, licence: str, authors: str) -> Iterator[str]:
        kind = next((k for k in _KINDS if isinstance(document, dict) and k in document), None)
        if kind is None:
            if not (isinstance(document, dict) and set(document) & set(_IGNORED)):
                yield f"neither a rule, a macro nor a list: {str(document)[:60]!r}"
            return
        table: dict[str, Entry] = getattr(self, f"{kind}s")
        name, before = str(document[kind]), table.get(str(document[kind]))
        document = {key: value for key, value in document.items() if not _empty(key, value)}
        if kind == "list" and document.get("items") in _NOTHING:
            document["items"] = []
        try:
            ways = ways_of(kind, document)
            _check_shape(kind, document, new=not ways)
        except BadChange as problem:
            if kind == "list" and before is None:
                self.broken.add(name)
            yield f"{kind} {name!a}: {problem}"
            return
        if ways:
            if before is None:
                yield f"{kind} {name!r} is changed but was not defined before"
            else:
                before.values, problems = changed(before.values, document, ways)
                yield from (f"{kind} {name!r}: {problem}" for problem in problems)
            return
        if before is not None and kind == "rule":
            where = "earlier in this file" if before.file == file else f"in {before.file}"
            yield f"rule {name!r} replaces the one {where}"
        values = dict(document)
        if document.get("exceptions"):
            values["exceptions"], problems = merged([], document["exceptions"])
            yield from (f"{kind} {name!r}: {problem}" for problem in problems)
        table[name] = Entry(name, file, licence, authors, values)


def _empty(key: Any, value: Any) -> bool:
    """Tell whether an entry says nothing under a key that it need not have."""
    return key in ("exceptions", "tags", "override", "desc", "output") and value in _NOTHING


def _check_shape(kind: str, document: dict[str, Any], *, new: bool) -> None:
    """Raise `BadChange` where texts or types of an entry are wrong."""
    half = _HALF.search(json.dumps(document, ensure_ascii=False))
    if half:
        raise BadChange(f"half a character, U+{ord(half[0]):04X}, is no text")
    for key, wanted in (("condition", str), ("items", list), ("tags", list), ("exceptions", list)):
        if key in document and not isinstance(document[key], wanted):
            raise BadChange(f"{key} has the wrong form")
    if kind == "list" and any(not isinstance(item, str) for item in document.get("items") or []):
        raise BadChange("items must be plain values")
    needed = "items" if kind == "list" else "condition"
    if new and needed not in document:
        raise BadChange(f"has no {needed}")
