"""Lists that are JSON, as feeds export them: objects, one a line, in a list, or within other objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rtml.errors import RtmlError, did_you_mean
from rtml.reading.json_text import json_value
from rtml.rules.intelligence.description import ListDescription

__all__ = ["KEYS", "records"]

KEYS = (
    "indicator",
    "ioc_value",
    "ioc",
    "cidr",
    "ip_address",
    "ipAddress",
    "ip",
    "dst_ip",
    "domain",
    "hostname",
    "host",
    "sha256_hash",
    "sha256",
    "value",
)
"""Keys under which feeds have what is listed, the first one that an object has; `column` names another."""

_DEEPEST = 6
Raw = tuple[int, str | None, str | None]


def records(text: str, description: ListDescription) -> Iterator[Raw]:
    """Yield line or number of the object, value, and the reason why there is none.

    What a feed says of itself (Spamhaus: ``"type": "metadata"``) is no entry.

    Raises
    ------
    RtmlError
        Nothing in the text is JSON, or no object has the column that was asked for.
    """
    asked = (description.column,) if isinstance(description.column, str) else KEYS
    objects = list(_objects(text, asked))
    if not any(isinstance(value, dict) for _, value in objects):
        raise RtmlError(f"{description.file}: no JSON objects, neither one a line nor in a list")
    if not any(name in value for _, value in objects if isinstance(value, dict) for name in asked):
        names = [name for _, value in objects if isinstance(value, dict) for name in value]
        raise RtmlError(f"{description.file}: no key {asked[0]!r}; {did_you_mean(str(asked[0]), names)}")
    for line, value in objects:
        if not isinstance(value, dict):
            yield line, str(value)[:200], "not a JSON object"
        elif value.get("type") != "metadata":
            yield _entry(line, value, asked)


def _entry(line: int, value: dict[str, Any], asked: tuple[str, ...]) -> Raw:
    name = next((name for name in asked if name in value), None)
    entry = value.get(name) if name is not None else None
    if isinstance(entry, str) and entry.strip():
        return line, entry.strip(), None
    return line, json.dumps(value)[:200], f"nothing under {asked[0] if name is None else name!r}"


def _objects(text: str, asked: Sequence[str]) -> Iterator[tuple[int, Any]]:
    """Yield the objects of a whole JSON text by number, else those of its lines by line."""
    try:
        yield from enumerate(_inner(json_value(text), asked, 0), 1)
    except ValueError:
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip() and not line.lstrip().startswith(("#", "//")):
                yield number, _line(line)


def _line(line: str) -> Any:
    try:
        return json_value(line)
    except ValueError:
        return line.strip()


def _inner(value: Any, asked: Sequence[str], depth: int) -> Iterator[Any]:
    """Yield the objects that are listed: a feed may have them under a key, or under keys of their own."""
    if isinstance(value, list):
        for part in value:
            within = (isinstance(part, list) or _holds(part, asked)) and depth < _DEEPEST
            yield from _inner(part, asked, depth + 1) if within else [part]
    elif isinstance(value, dict) and not _names(value, asked):
        lists = [part for part in value.values() if isinstance(part, list | dict)]
        for part in lists if depth < _DEEPEST else []:
            yield from _inner(part, asked, depth + 1)
        if not depth and not lists:
            yield value
    else:
        yield value


def _names(value: dict[str, Any], asked: Sequence[str]) -> bool:
    return any(isinstance(value.get(name), str) for name in asked)


def _holds(part: Any, asked: Sequence[str]) -> bool:
    """Whether this is nothing that is listed itself, but has lists of objects: a report, an event of MISP."""
    if not isinstance(part, dict) or _names(part, asked):
        return False
    return any(isinstance(one, dict) for inner in part.values() if isinstance(inner, list) for one in inner)
