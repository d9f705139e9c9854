"""Shapes without what a block of records does not have: to look for a field in every record costs time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import orjson
import polars as pl

__all__ = ["SPELLED", "narrowed"]

SPELLED = r"\\u00(?:2[d-fD-F]|3[0-9]|[4-7])"
"""A letter, a digit, or what else stands in names of fields (``-._/``), as an escape."""
_ESCAPE = "\\u00"
"""With what each of these begins: sought by itself, it does not slow the search for names."""
_FEWEST = 1000
"""Fewer records are read sooner than they are looked at."""
_SOME = 100
"""So many records are looked at by themselves at a time."""
_LOOKED = 200
"""So many are looked at out of many; to search all for a name that is there costs more than all of these."""
_END = 4
"""So many letters at the end of a name tell it from most others."""
_GOLDEN = (5**0.5 - 1) / 2
_TIMES = 4


def narrowed(texts: pl.Series, shape: pl.Struct) -> pl.Struct:
    r"""Return a shape without the fields whose names stand in none of the texts.

    A few records tell which names may be absent, one search in all texts whether they are; records in which
    something like them is found are looked at too.

    Examples
    --------
    >>> shape = pl.Struct({"a": pl.String, "b": pl.Struct({"c": pl.String, "d": pl.String})})
    >>> narrowed(pl.Series(['{"a": 1, "b": {"c": 1}}'] * 1000), shape)
    Struct({'a': String, 'b': Struct({'c': String})})
    >>> narrowed(pl.Series([*(['{"a": 1}'] * 1000), '{"b": {"\\u0063": 1}}']), shape)
    Struct({'a': String, 'b': Struct({'c': String})})
    """
    if texts.len() < _FEWEST:
        return shape
    seen = _keys(texts.gather(_places(texts.len())))
    for _ in range(_TIMES):
        absent = {*_names(shape)} - seen
        texts = _with_any(texts, absent, seen) if absent else texts.clear()
        if texts.len() <= _SOME:
            there = _keys(texts)
            return shape if _UNREADABLE in there else _without(shape, absent - there) or shape
        seen |= _keys(texts.gather(_places(texts.len())))  # what is absent still stands in none of the others
    return shape


def _places(rows: int) -> pl.Series:
    """Return places all over the rows, in no step that kinds of records may have too: logs repeat."""
    return pl.Series((np.arange(_LOOKED) * _GOLDEN % 1.0 * rows).astype(np.uint32))


_UNREADABLE = "\n"
"""Stands for the names in a text that is no JSON: they can be any."""


def _keys(texts: Iterable[str]) -> set[str]:
    """Return all names in objects."""
    found, open_ = set[str](), list[Any]()
    for text in texts:
        try:
            open_.append(orjson.loads(text))
        except ValueError:
            found.add(_UNREADABLE)
    while open_:
        value = open_.pop()
        if isinstance(value, dict):
            found.update(value)
            open_ += value.values()
        elif isinstance(value, list):
            open_ += value
    return found


def _with_any(texts: pl.Series, names: set[str], seen: set[str]) -> pl.Series:
    """Return texts that may have a field of these names; by their ends they are found faster.

    Names of one sensor begin alike, and a search looks closer wherever something begins as what it seeks.
    """
    ends = {name[at:] for name in seen for at in range(len(name))}
    words = {next((e for e in (name[-_END:], name) if e not in ends), f'"{name}') for name in names}
    search = "|".join(re.escape(word) + '"' for word in sorted(words))
    spelled = texts.str.contains(_ESCAPE, literal=True)
    found = texts.filter((texts.str.contains(search) | spelled).fill_null(False))
    if found.len() <= _SOME:
        return found
    exact = rf'"(?:{"|".join(map(re.escape, sorted(names)))})"\s*:|{SPELLED}'
    return found.filter(found.str.contains(exact))


def _names(kind: Any) -> Iterator[str]:
    if isinstance(kind, pl.Struct):
        for field in kind.fields:
            yield field.name
            yield from _names(field.dtype)


def _without(kind: Any, names: set[str]) -> Any:
    """Return a shape without the fields of these names, None if none is left; lists stay as they are."""
    if not isinstance(kind, pl.Struct):
        return kind
    left = {f.name: _without(f.dtype, names) for f in kind.fields if f.name not in names}
    left = {name: inner for name, inner in left.items() if inner is not None}
    return pl.Struct(left) if left else None
