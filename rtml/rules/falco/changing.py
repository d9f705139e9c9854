"""How a later entry of Falco's changes an earlier one: ``append``, ``override``, ``enabled``.

A change that Falco would refuse is named and left out whole: what it was meant to change stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rtml.rules.falco.exceptions import merged

__all__ = ["BadChange", "changed", "truth", "ways_of"]

_APPENDED = {
    "rule": ("condition", "output", "desc", "tags", "exceptions"),
    "macro": ("condition",),
    "list": ("items",),
}
_REPLACED = {
    **_APPENDED,
    "rule": (*_APPENDED["rule"], "priority", "enabled", "warn_evttypes", "skip-if-unknown-filter"),
}
_TRUE, _FALSE = ("y", "yes", "true", "on"), ("n", "no", "false", "off")


class BadChange(Exception):
    """An entry asks for a change that has no meaning; the text says which."""


def truth(value: Any) -> bool | None:
    """Return what YAML means by a text that stands for true or false; None where it stands for neither.

    Examples
    --------
    >>> truth("Yes"), truth("OFF"), truth("tRUE"), truth(None)
    (True, False, None, None)
    """
    if not isinstance(value, str) or value not in (value.lower(), value.upper(), value.capitalize()):
        return None
    word = value.lower()
    return True if word in _TRUE else False if word in _FALSE else None


def ways_of(kind: str, document: Mapping[str, Any]) -> dict[str, str]:
    """Return which keys of an entry change those of an earlier one, and how; none: the entry is new.

    Raises
    ------
    BadChange
        A key cannot be changed so, is not there, or is there and no word says how it is meant.

    Examples
    --------
    >>> ways_of("rule", {"rule": "r", "condition": "and x", "append": "true"})
    {'condition': 'append'}
    >>> ways_of("macro", {"macro": "m", "condition": "y", "override": {"condition": "prepend"}})
    Traceback (most recent call last):
    ...
    rtml.rules.falco.changing.BadChange: override of condition: 'prepend' is neither append nor replace
    """
    override, append = document.get("override") or {}, _truth_of(document, "append")
    _truth_of(document, "enabled")
    if not isinstance(override, Mapping):
        raise BadChange("override must be a mapping")
    if override and append:
        raise BadChange("append and override exclude each other")
    for key, way in override.items():
        _check_way(kind, document, key, way)
    silent = [key for key in _REPLACED[kind] if override and key in document and key not in override]
    if silent:
        raise BadChange(f"{silent[0]} is given, but override does not say how it is meant")
    if override:
        return {str(key): str(way) for key, way in override.items()}
    appended = [key for key in ("condition", "items", "exceptions") if key in document]
    if append and not appended:
        raise BadChange("nothing to append: neither condition nor exceptions")
    if append:
        return dict.fromkeys(appended, "append")
    toggles = kind == "rule" and "condition" not in document and "enabled" in document
    return {"enabled": "replace"} if toggles else {}


def _truth_of(document: Mapping[str, Any], key: str) -> bool:
    found = truth(document[key]) if key in document else False
    if found is None:
        raise BadChange(f"{key} must be true or false, not {str(document[key])[:40]!r}")
    return found


def _check_way(kind: str, document: Mapping[str, Any], key: Any, way: Any) -> None:
    possible = {"append": _APPENDED[kind], "replace": _REPLACED[kind]}
    if way not in ("append", "replace"):
        raise BadChange(f"override of {key}: {str(way)[:40]!r} is neither append nor replace")
    if key not in possible[way]:
        raise BadChange(f"override of {key}: Falco cannot {way} it")
    if key not in document:
        raise BadChange(f"override of {key}: the entry has no {key}")


def changed(
    values: Mapping[str, Any], document: Mapping[str, Any], ways: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    """Return the values of an entry after a change, and what is wrong with exceptions that were left out.

    Examples
    --------
    >>> changed({"condition": "a"}, {"condition": "and b"}, {"condition": "append"})
    ({'condition': 'a and b'}, [])
    """
    after, problems = dict(values), list[str]()
    for key, way in ways.items():
        old, new = values.get(key), document[key]
        if key == "exceptions":
            before = old or [] if way == "append" else []
            after[key], problems = merged(before, new or [])
        elif way != "append" or not old:
            after[key] = new
        else:
            after[key] = f"{old} {new}" if isinstance(old, str) else [*old, *new]
    return after, problems
