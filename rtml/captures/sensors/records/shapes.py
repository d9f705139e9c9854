"""Shapes that are wanted of JSON values, and values brought into them, object by object."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import orjson
import polars as pl

__all__ = ["JSON", "any_names", "in_place", "other_names", "plain", "shaper", "written"]

JSON = pl.Binary()
"""In a shape: any value. A text is itself, all else its JSON: by orjson, or as it stands (`cutting`)."""


def plain(kind: Any) -> Any:
    """Return the type that Polars is asked for: texts at all ends."""
    if isinstance(kind, pl.Struct):
        return pl.Struct({field.name: plain(field.dtype) for field in kind.fields})
    return pl.List(plain(kind.inner)) if isinstance(kind, pl.List) else pl.String()


def any_names(kind: Any, name: str = "") -> set[str]:
    """Return the names under which any value may stand."""
    if isinstance(kind, pl.Struct):
        return set().union(*(any_names(field.dtype, field.name) for field in kind.fields))
    if isinstance(kind, pl.List):
        return any_names(kind.inner, name)
    return {name} if kind == JSON else set()


def other_names(kind: Any, name: str = "") -> set[str]:
    """Return the names under which only a certain value may stand."""
    if isinstance(kind, pl.Struct):
        inner = [other_names(field.dtype, field.name) for field in kind.fields]
        return {name}.union(*inner)
    return {name} | other_names(kind.inner) if isinstance(kind, pl.List) else {name} - any_names(kind, name)


def written(value: Any) -> str:
    """Return a value as JSON.

    Examples
    --------
    >>> written({"a": [1, "ü"]})
    '{"a":[1,"ü"]}'
    """
    return orjson.dumps(value).decode()


def in_place(shape: pl.Struct) -> Callable[[Any], Any]:
    """Return what puts texts in the places of any values, and leaves all else that is wanted as it stands."""
    spell, shaped, names = _speller(shape), shaper(shape), [field.name for field in shape.fields]

    def bring(value: Any) -> Any:
        try:
            spell(value)
            return orjson.Fragment(orjson.dumps({name: value[name] for name in names if name in value}))
        except TypeError:  # too deep to be written, perhaps where nothing is wanted of it
            return shaped(value)

    return bring


def _speller(kind: Any) -> Callable[[Any], None]:
    """Return what writes objects and lists as texts wherever any value may stand."""
    if isinstance(kind, pl.List):
        inner = _speller(kind.inner)

        def each(value: Any) -> None:
            for item in value if isinstance(value, list) else ():
                inner(item)

        return each
    fields = kind.fields if isinstance(kind, pl.Struct) else ()
    parts = [(f.name, f.dtype == JSON, _speller(f.dtype)) for f in fields if any_names(f.dtype, f.name)]

    def spell(value: Any) -> None:
        if not isinstance(value, dict):
            return
        for name, is_end, below in parts:
            item = value.get(name)
            if not is_end:
                below(item)
            elif isinstance(item, dict | list):
                value[name] = written(item)

    return spell


def shaper(kind: Any) -> Callable[[Any], Any]:
    """Return what brings a value into the shape that is wanted, null where it has another one."""
    if isinstance(kind, pl.Struct):
        fields = {field.name: shaper(field.dtype) for field in kind.fields}
        ends = {field.name for field in kind.fields if field.dtype in (pl.String(), JSON)}

        def struct(value: Any) -> Any:
            if not isinstance(value, dict):
                return None
            return {
                name: item if type(item) is str and name in ends else fields[name](item)
                for name, item in value.items()
                if name in fields
            }

        return struct
    if isinstance(kind, pl.List):
        inner = shaper(kind.inner)

        def listed(value: Any) -> Any:
            if value is None:
                return None
            return [inner(item) for item in (value if isinstance(value, list) else [value])]

        return listed
    return _any_value if kind == JSON else _scalar


def _any_value(value: Any) -> str | None:
    return written(value) if isinstance(value, dict | list) else _scalar(value)


def _scalar(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, dict | list):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and math.isfinite(value) and value.is_integer() and abs(value) < 2**63:
        return str(int(value))
    return str(value)
