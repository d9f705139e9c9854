"""Values of a line that can be replaced one by one, whatever form the line has."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from rtml.captures.sensors import Written

__all__ = ["ABSENT", "Leaf", "leaves_of", "with_value"]

ABSENT = object()
"""In the place of a value: the value, and the name that it had, are not there."""

_PAIR = re.compile(r"(?P<name>[\w-]+)=(?P<value>\"[^\"]*\"|[^\s\"']+)")

Path = tuple[str | int, ...]


class Leaf(NamedTuple):
    """A value of a line: where it stands, and what it is; a list of texts is one value."""

    path: Path
    value: Any


def leaves_of(line: bytes, written: Written) -> list[Leaf]:
    r"""Return the values of a line.

    Examples
    --------
    >>> [leaf.path for leaf in leaves_of(b'{"a": {"b": 1}, "c": ["x", "y"]}', Written())]
    [('a', 'b'), ('c',)]
    >>> leaves_of(b"7,x", Written("cells"))
    [Leaf(path=(0,), value=7), Leaf(path=(1,), value='x')]
    >>> leaves_of(b'type=X a0=7 comm="x"', Written("pairs"))[1:]
    [Leaf(path=('a0', 0), value=7), Leaf(path=('comm', 0), value='x')]
    """
    text = line.decode("utf-8", "surrogateescape")
    if written.form == "json":
        return list(_inside(json.loads(text), ()))
    if written.form == "cells":
        return [Leaf((i,), _typed(cell)) for i, cell in enumerate(_cells(text, written.separator))]
    seen: dict[str, int] = {}
    found = []
    for pair in _PAIR.finditer(text):
        place = seen.setdefault(pair["name"], 0)
        seen[pair["name"]] += 1
        found.append(Leaf((pair["name"], place), _typed(pair["value"].strip('"'))))
    return found


def _cells(text: str, separator: str) -> list[str]:
    """Take a row apart; commas may stand in quotes, other separators are in no value."""
    return next(csv.reader([text]), []) if separator == "," else text.split(separator)


def _row(cells: list[str], separator: str) -> str:
    if separator != ",":
        return separator.join(cells)
    row = io.StringIO()
    csv.writer(row, lineterminator="").writerow(cells)
    return row.getvalue()


def _inside(value: Any, path: Path) -> Iterator[Leaf]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _inside(inner, (*path, name))
    elif isinstance(value, list) and any(not isinstance(item, str) for item in value):
        for place, inner in enumerate(value):
            yield from _inside(inner, (*path, place))
    elif path:
        yield Leaf(path, value)


def _typed(text: str) -> Any:
    return int(text) if re.fullmatch(r"-?\d{1,19}", text) else text


def with_value(line: bytes, path: Path, value: Any, written: Written) -> bytes:
    r"""Return a line with another value in one place.

    Examples
    --------
    >>> with_value(b'{"a": {"b": 1}}', ("a", "b"), ABSENT, Written())
    b'{"a": {}}'
    >>> with_value(b"a=1 b=2", ("b", 0), 0, Written("pairs"))
    b'a=1 b=0'
    """
    text = line.decode("utf-8", "surrogateescape")
    if written.form == "json":
        return _replaced(json.loads(text), path, value)
    shown = "" if value is None or value is ABSENT else str(value)
    if written.form == "cells":
        cells = _cells(text, written.separator)
        cells[int(path[0])] = shown
        return _row(cells, written.separator).encode("utf-8", "surrogateescape")
    pairs = [pair for pair in _PAIR.finditer(text) if pair["name"] == path[0]]
    start, end = pairs[int(path[1])].span("value")
    return f"{text[:start]}{shown}{text[end:]}".encode("utf-8", "surrogateescape")


def _replaced(whole: Any, path: Path, value: Any) -> bytes:
    place = whole
    for name in path[:-1]:
        place = place[name]
    if value is not ABSENT:
        place[path[-1]] = value
    elif isinstance(place, dict):
        del place[path[-1]]
    else:
        place[path[-1]] = None
    return json.dumps(whole, ensure_ascii=False).encode("utf-8", "surrogateescape")
