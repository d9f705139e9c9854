"""Which fields of a record a sensor maps, and under which names: declared, then read as one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from rtml.captures.sensors.records.decoding import decode
from rtml.captures.sensors.records.narrowing import narrowed
from rtml.captures.sensors.records.shapes import plain

__all__ = ["Field", "Fields", "kinds_of", "shape_of", "table_of"]

Field = str | tuple[str, pl.DataType]
"""Where a field is: names with ``/`` between them; with a type where it is no text."""

Fields = Mapping[str, Field]
"""Name of a column to the field that fills it."""


def shape_of(fields: Fields) -> pl.Struct:
    """Return the shape that holds all fields.

    Examples
    --------
    >>> shape_of({"pid": "process/pid", "name": "process/name"})
    Struct({'process': Struct({'pid': String, 'name': String})})
    """
    tree: dict[str, Any] = {}
    for field in fields.values():
        path, kind = (field, pl.String()) if isinstance(field, str) else field
        *above, last = path.split("/")
        place = tree
        for name in above:
            place = place.setdefault(name, {})
        place[last] = kind
    return _struct(tree)


def _struct(tree: dict[str, Any]) -> pl.Struct:
    return pl.Struct({name: _struct(kind) if isinstance(kind, dict) else kind for name, kind in tree.items()})


def kinds_of(fields: Fields) -> dict[str, pl.DataType]:
    """Return the types of the columns that fields become.

    Examples
    --------
    >>> kinds_of({"pid": "process/pid", "args": ("args", pl.List(pl.Binary()))})
    {'pid': String, 'args': List(String)}
    """
    return {name: pl.String() if isinstance(f, str) else plain(f[1]) for name, f in fields.items()}


def table_of(texts: pl.Series, fields: Fields) -> tuple[pl.DataFrame, list[tuple[int, str]]]:
    """Read JSON objects, one per row, into one column per field.

    Returns
    -------
    The table, a row per text, and the rows that are no object, with the reason (`decoding.decode`).

    Examples
    --------
    >>> texts = pl.Series(['{"process": {"pid": 7}}', '{"process": null}', "{"])
    >>> table_of(texts, {"pid": "process/pid"})[0]["pid"].to_list()
    ['7', None, None]
    """
    values, problems = decode(texts, narrowed(texts, shape_of(fields)))
    paths = {name: field if isinstance(field, str) else field[0] for name, field in fields.items()}
    places = _places(values, set(paths.values()))
    columns = [
        _column(places.get(paths[name]), name, kind, texts.len()) for name, kind in kinds_of(fields).items()
    ]
    return pl.DataFrame(columns), problems


def _column(values: pl.Series | None, name: str, kind: pl.DataType, rows: int) -> pl.Series:
    """Return a column of what was found, if anything was."""
    if values is None:
        return pl.Series(name, [None], kind).new_from_index(0, rows)
    return values.alias(name)


def _places(values: pl.Series, wanted: set[str], above: str = "") -> dict[str, pl.Series]:
    """Take structs apart, down to what is wanted: as many expressions would cost more than the work."""
    found: dict[str, pl.Series] = {}
    for part in values.struct.unnest():
        path = above + part.name
        found |= {path: part} if path in wanted else _places(part, wanted, f"{path}/")
    return found
