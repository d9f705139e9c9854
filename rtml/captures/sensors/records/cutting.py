"""Records of which whole parts are wanted: each is cut out of its line as it stands, and read by itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from operator import attrgetter
from typing import Any

import msgspec
import orjson
import polars as pl
import pyarrow as pa

from rtml.captures.sensors.records.shapes import JSON

__all__ = ["are_parts", "cut_out"]

_FEWEST = 2
"""Parts from which on cutting is sooner than decoding and writing them."""
_LEVELS = 250
"""A record of more objects and lists may be deeper than what is written anew may be."""
_ESCAPE = "\\u00"
"""With this a letter of a name may be spelled (`rtml.captures.sensors.records.narrowing.SPELLED`)."""
_ABSENT = msgspec.Raw()
_NULL = "null"
_X = pl.col("x")
_REFUSALS = (msgspec.MsgspecError, UnicodeError, RecursionError, AttributeError)


def are_parts(shape: pl.Struct) -> bool:
    """Say whether a shape is of parts of any value, and texts beside them, all at the top of a record."""
    kinds = [field.dtype for field in shape.fields]
    return kinds.count(JSON) >= _FEWEST and all(kind in (JSON, pl.String()) for kind in kinds)


def cut_out(texts: pl.Series, shape: pl.Struct) -> tuple[pl.Series, pl.Series]:
    r"""Cut the parts out of JSON objects, one per row.

    A part that is a text is that text; an object or a list is its JSON as it stands, names that it has twice
    and all.

    Returns
    -------
    The parts in their order as a struct of texts, and the rows that have to be read otherwise: no objects,
    a number in the place of a part, a name twice, or too deep.

    Examples
    --------
    >>> shape = pl.Struct({"r": pl.String, "a": pl.Binary, "b": pl.Binary})
    >>> texts = ['{"r": "R", "a": {"x": [1 ]}, "b": "{\\"y\\": 2}"}', '{"r": {}, "b": null}', '{"a": 7}', "["]
    >>> parts, left = cut_out(pl.Series(texts), shape)
    >>> parts.to_list()[:2]
    [{'r': 'R', 'a': '{"x": [1 ]}', 'b': '{"y": 2}'}, {'r': None, 'a': None, 'b': None}]
    >>> left.to_list()
    [2, 3]
    """
    names = tuple(field.name for field in shape.fields)
    rows, left = _rows(texts.to_list(), names)
    columns = []
    for field, place in zip(shape.fields, _places(names), strict=True):
        column, odd = _column([*map(bytes, map(attrgetter(place), rows))], field.dtype == JSON)
        columns.append(column.alias(field.name))
        left |= odd
    return pl.DataFrame(columns).to_struct("value"), pl.Series("row", sorted(left), pl.UInt32)


def _places(names: Sequence[str]) -> list[str]:
    return [f"part{number}" for number in range(len(names))]


@cache
def _typed(names: tuple[str, ...]) -> type[msgspec.Struct]:
    places = _places(names)
    fields = [(place, msgspec.Raw, _ABSENT) for place in places]
    return msgspec.defstruct("Parts", fields, rename=dict(zip(places, names, strict=True)), gc=False)


def _rows(texts: list[Any], names: tuple[str, ...]) -> tuple[list[msgspec.Struct], set[int]]:
    """Return the parts of each text, and which texts have none."""
    typed, left = _typed(names), set[int]()
    read, nothing = msgspec.json.Decoder(typed).decode, typed()
    rows, keys = list[msgspec.Struct](), [f'"{name}"' for name in names]
    for number, text in enumerate(texts):
        try:
            odd = _is_odd(text, keys)
            rows.append(nothing if odd else read(text))
            if odd:
                left.add(number)
        except _REFUSALS:
            rows.append(nothing)
            left.add(number)
    return rows, left


def _is_odd(text: str, keys: list[str]) -> bool:
    """Say whether a record may be too deep to be written anew, or may have one of the names twice."""
    if text.count("{") + text.count("[") > _LEVELS or _ESCAPE in text:
        return True
    return any(text.count(key) > 1 for key in keys)


def _column(values: list[bytes], any_value: bool) -> tuple[pl.Series, set[int]]:
    """Return values as texts, and the rows in which one is neither a text, nor nothing, nor a whole part."""
    raw = pl.Series("x", pa.array(values, pa.large_binary()).cast(pa.large_string()))
    told = raw.to_frame().with_columns(
        text=_X.str.starts_with('"'),
        part=_X.str.starts_with("{") | _X.str.starts_with("["),
        nothing=_X.is_in(["", _NULL]),
    )
    column = told.select(_PART if any_value else _TEXT)["x"]
    odd = told.select((~pl.any_horizontal("text", "part", "nothing")).arg_true())["text"]
    escaped = (told["text"] & raw.str.contains("\\", literal=True)).arg_true()
    if escaped.len():
        column = column.scatter(escaped, [orjson.loads(text) for text in raw.gather(escaped)])
    return column, {*odd}


_TEXT = pl.when("text").then(_X.str.strip_prefix('"').str.strip_suffix('"')).alias("x")
_PART = pl.when("part").then(_X).otherwise(_TEXT).alias("x")
