"""Texts of JSON objects as a typed column: Polars reads them together, odd ones are read one by one.

Every scalar is wanted as text (`rtml.captures.sensors.records.values` makes numbers and times of it), so that
a number where text was expected is that number, and a number that no column holds is not another one.
What has another shape than was asked for (an object in place of a text) is null. Of a name that
an object has twice, the first counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson
import polars as pl

from rtml.captures.sensors.records.any_values import as_texts
from rtml.captures.sensors.records.cutting import are_parts, cut_out
from rtml.captures.sensors.records.narrowing import SPELLED
from rtml.captures.sensors.records.rows_apart import Way, decoded, marked, way_of
from rtml.captures.sensors.records.shapes import (
    JSON,
    any_names,
    in_place,
    other_names,
    plain,
    shaper,
    written,
)

__all__ = ["decode"]

_BYTES = 2_000_000
"""So much is decoded at once: more does not fit a processor's cache, less is more calls than work."""
_FEW = 16
_ODD_NUMBER = (
    r"[:\[,][ \t\r]*-?(?:\d{1,19}(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)[ \t\r]*[,}\]]|\d{20,}[ \t\r]*[,}\]])"
)
"""A number that orjson and Polars may write in two ways; inside a text it only costs time."""
_REFUSALS = (pl.exceptions.PolarsError, pl.exceptions.PanicException)


def decode(texts: pl.Series, shape: pl.Struct) -> tuple[pl.Series, list[tuple[int, str]]]:
    r"""Read JSON objects, one per row.

    Parameters
    ----------
    texts
        Each may be an object; sound (`rtml.captures.sensors.records.blocks.sound`).
    shape
        What is wanted of each: structs and lists of them, with ``String`` or `JSON` at the ends.

    Returns
    -------
    The objects in their order, null where a text is none; and rows that are none, with the reason.

    Examples
    --------
    >>> shape = pl.Struct({"a": pl.String, "b": pl.Struct({"c": pl.String})})
    >>> texts = ['{"a": 1, "b": {"c": null}}', '{"a": [1], "b": "c"}', '{"a": 1', "[]"]
    >>> values, problems = decode(pl.Series(texts), shape)
    >>> values.to_list()
    [{'a': '1', 'b': {'c': None}}, {'a': None, 'b': None}, None, None]
    >>> problems
    [(2, 'not JSON'), (3, 'not a JSON object')]
    """
    if texts.is_empty():
        return pl.Series("value", [], plain(shape)), []
    if not are_parts(shape):
        return _read(texts, shape)
    parts, left = cut_out(texts, shape)
    if left.is_empty():
        return parts, []
    others, problems = _read(texts.gather(left), shape)
    places = pl.int_range(texts.len(), eager=True)
    places = places.scatter(left, texts.len() + pl.int_range(left.len(), eager=True))
    return pl.concat([parts, others]).gather(places), [(int(left[place]), why) for place, why in problems]


def _read(texts: pl.Series, shape: pl.Struct) -> tuple[pl.Series, list[tuple[int, str]]]:
    """Read JSON objects of any shape, some megabytes at a time."""
    wanted, any_value = plain(shape), any_names(shape)
    size = texts.str.len_bytes().mean()
    rows = max(1, _BYTES // int(max(1.0, float(size or 0))))  # type: ignore[arg-type]
    parts, problems = [], list[tuple[int, str]]()
    alone = not any(name.endswith(tuple(any_value)) for name in other_names(shape)) if any_value else False
    if any_value:
        texts = _with_texts(texts, shape, any_value, alone, problems)
    marks = marked(texts)
    for at in range(0, texts.len(), rows):
        part = texts.slice(at, rows)
        way = way_of(part, [mark.slice(at, rows) for mark in marks])
        parts.append(_together(part, shape, wanted, at, problems, way))
    return pl.concat(parts, rechunk=False).alias("value"), sorted(problems)


def _with_texts(
    texts: pl.Series, shape: pl.Struct, names: set[str], alone: bool, problems: list[tuple[int, str]]
) -> pl.Series:
    """Write those rows anew that have an object or a list under one of the names; few rows have.

    ``alone``: no other name that is wanted ends as one of them does.

    A name may be spelled with escapes: of rows that have such, nobody can tell by looking.
    """
    any_value = rf'(?:{"|".join(map(re.escape, sorted(names)))})"\s*:\s*[\[{{]|{SPELLED}'
    places = texts.str.contains(any_value).fill_null(False).arg_true()
    if places.is_empty():
        return texts
    spelled = texts.gather(places).str.contains(SPELLED)
    plain = places.filter(~spelled)
    if alone and not plain.is_empty():
        new, left = as_texts(texts.gather(plain), names)
        texts = texts.scatter(plain, new)
        places = pl.concat([places.filter(spelled), plain.filter(left)])
    some = texts.gather(places)
    odd = some.str.contains(_ODD_NUMBER)
    for rows, made in ((places.filter(~odd), in_place), (places.filter(odd), shaper)):
        if rows.is_empty():
            continue
        found: list[tuple[int, str]] = []
        texts = texts.scatter(rows, _rewritten(texts.gather(rows), shape, 0, found, made(shape)))
        problems.extend((int(rows[place]), why) for place, why in found)
    return texts


def _together(
    texts: pl.Series, shape: pl.Struct, plain: pl.Struct, at: int, problems: list[tuple[int, str]], way: Way
) -> pl.Series:
    """Decode rows at once; where that cannot be done, those of another shape apart from the others."""
    try:
        return decoded(texts, plain, way)
    except _REFUSALS:
        pass
    fits = _fitting(shape)
    odd = pl.Series("odd", [text is not None and not _fits(text, fits) for text in texts], pl.Boolean)
    if odd.any() and not odd.all():
        numbers = pl.int_range(texts.len(), eager=True)
        parts = [numbers.filter(~odd), numbers.filter(odd)]
        found: list[tuple[int, str]] = []
        values = [_halved(texts.gather(part), shape, plain, 0, found) for part in parts[:1]]
        problems += [(at + parts[0][place], why) for place, why in found]
        found = []
        values.append(_apart(texts.gather(parts[1]), shape, plain, found))
        problems += [(at + parts[1][place], why) for place, why in found]
        return pl.concat(values).gather(pl.concat(parts).arg_sort())
    if odd.all():
        found = []
        value = _apart(texts, shape, plain, found)
        problems += [(at + place, why) for place, why in found]
        return value
    return _halved(texts, shape, plain, at, problems)


def _apart(
    texts: pl.Series, shape: pl.Struct, plain: pl.Struct, problems: list[tuple[int, str]]
) -> pl.Series:
    """Decode rows of other shapes than is wanted: written anew, all at once, or each by itself."""
    found: list[tuple[int, str]] = []
    try:
        value = decoded(_rewritten(texts, shape, 0, found), plain)
    except _REFUSALS:
        return _halved(texts, shape, plain, 0, problems)
    problems += found
    return value


def _fitting(kind: Any) -> Callable[[Any], bool]:
    """Return what tells whether a value has the shape that is wanted, so that Polars can read it."""
    if isinstance(kind, pl.Struct):
        fields = [(field.name, _fitting(field.dtype)) for field in kind.fields]
        return lambda value: (
            value is None or (isinstance(value, dict) and all(fits(value.get(name)) for name, fits in fields))
        )
    if isinstance(kind, pl.List):
        inner = _fitting(kind.inner)
        return lambda value: value is None or (isinstance(value, list) and all(map(inner, value)))
    return lambda value: kind == JSON or not isinstance(value, dict | list)


def _fits(text: str, fits: Callable[[Any], bool]) -> bool:
    try:
        return fits(orjson.loads(text))
    except (ValueError, RecursionError):
        return False


def _halved(
    texts: pl.Series, shape: pl.Struct, plain: pl.Struct, at: int, problems: list[tuple[int, str]]
) -> pl.Series:
    """Decode rows at once; where that cannot be done, halves of them, and at last each by itself."""
    try:
        return decoded(texts, plain)
    except _REFUSALS:
        pass
    if texts.len() > _FEW:
        half = texts.len() // 2
        parts = [(texts.head(half), at), (texts.slice(half), at + half)]
        return pl.concat([_halved(part, shape, plain, place, problems) for part, place in parts])
    return pl.concat([_alone(texts.slice(i, 1), shape, plain, at + i, problems) for i in range(texts.len())])


def _alone(
    text: pl.Series, shape: pl.Struct, plain: pl.Struct, at: int, problems: list[tuple[int, str]]
) -> pl.Series:
    rewritten = text if _is_object(text) else text.clear(1)
    try:
        if rewritten.null_count() == 0:
            return decoded(rewritten, plain)
    except _REFUSALS:
        pass
    rewritten = _rewritten(text, shape, at, problems)
    return decoded(rewritten, plain) if rewritten.null_count() == 0 else pl.Series([None], dtype=plain)


def _is_object(text: pl.Series) -> bool:
    return bool(text.str.starts_with("{").fill_null(False).all())


def _rewritten(
    texts: pl.Series,
    shape: pl.Struct,
    at: int,
    problems: list[tuple[int, str]],
    bring: Callable[[Any], Any] | None = None,
) -> pl.Series:
    """Write each object anew: with what is wanted of it, in the shape in which it is wanted, or as told."""
    rows, shaped = list[str | None](), bring or shaper(shape)
    for place, text in enumerate(texts, at):
        try:
            value = None if text is None else orjson.loads(text)
        except (ValueError, RecursionError) as error:
            deep = "depth" in str(error) or "recursion" in str(error).lower()
            problems.append((place, "nested too deeply" if deep else "not JSON"))
            rows.append(None)
            continue
        if text is not None and not isinstance(value, dict):
            problems.append((place, "not a JSON object"))
        try:
            rows.append(written(shaped(value)) if isinstance(value, dict) else None)
        except TypeError:  # what orjson reads may be deeper than what it writes
            problems.append((place, "nested too deeply"))
            rows.append(None)
    return pl.Series("text", rows, pl.String)
