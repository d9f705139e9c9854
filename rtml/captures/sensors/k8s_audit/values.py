"""Values of untrusted JSON, of the type that is expected or null."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["MOST_ITEMS", "MOST_TEXT", "MOST_URI", "flag", "items", "mapping", "pairs", "texts", "word"]

MOST_TEXT = 4096
"""Characters of a value that are kept."""

MOST_URI = 65536
"""Characters of a URI that are kept: whoever asks may put any number before what it asks for."""

MOST_ITEMS = 4096
"""Distinct elements of a list that are kept."""


def word(value: Any, most: int = MOST_TEXT) -> str | None:
    """Return a text that is not empty, at most ``most`` characters of it.

    Examples
    --------
    >>> word("pods"), word(""), word(7)
    ('pods', None, None)
    """
    return value[:most] if isinstance(value, str) and value else None


def flag(value: Any) -> bool | None:
    """Return a Boolean, else null."""
    return value if isinstance(value, bool) else None


def mapping(value: Any, *path: str) -> dict[str, Any]:
    """Follow keys; anything that is not an object on the way is an empty one.

    Examples
    --------
    >>> mapping({"a": {"b": {"c": 1}}}, "a", "b"), mapping({"a": [1]}, "a", "b")
    ({'c': 1}, {})
    """
    if type(value) is dict and not path:
        return value
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """Return a list, the whole of it; anything else is an empty one."""
    return value if isinstance(value, list) else []


def texts(values: Iterable[Any]) -> list[str] | None:
    """Return the distinct texts among some values, null when there is none.

    Examples
    --------
    >>> texts(["b", "a", "b", None, 3]), texts([None])
    (['b', 'a'], None)
    """
    kept = [value[:MOST_TEXT] for value in values if isinstance(value, str) and value]
    return list(dict.fromkeys(kept))[:MOST_ITEMS] if kept else None


def pairs(value: Any) -> list[str] | None:
    """Return an object of texts as ``key=value``.

    Examples
    --------
    >>> pairs({"app": "web", "n": 1})
    ['app=web']
    """
    entries = mapping(value).items()
    return texts([f"{key}={text}" for key, text in entries if isinstance(text, str)])
