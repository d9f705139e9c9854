"""Lists and objects of JSON as texts of themselves, in place: without reading the objects round them."""

from __future__ import annotations

import re
from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl
import pyarrow as pa

__all__ = ["as_texts"]

_TEXT = r'"(?:[^"\\]|\\.)*"'
_LEVELS = 5
"""So many lists and objects may be one in the other; each level makes the pattern longer."""
_MARK = "\0"
"""Stands about a value; JSON has none, so a row that has is left alone."""


def _value() -> str:
    inner = ""
    for _ in range(_LEVELS):
        inner = rf'[\[{{](?:[^\[\]{{}}"]|{_TEXT}{inner and "|"}{inner})*[\]}}]'
    return inner


_VALUE = _value()


def as_texts(texts: pl.Series, names: Collection[str]) -> tuple[pl.Series, pl.Series]:
    r"""Write lists and objects under one of the names, or one that ends so, as the texts of their JSON.

    Labels and addresses repeat: each distinct one is read once.

    Returns
    -------
    The texts, and which are as they were: a value in them is no JSON, or has more levels than are looked for.

    Examples
    --------
    >>> told = ['{"v": [1, "a]"], "w": [2]}', '{"v": {"x": {}}}', '{"v": [1, }', '{"v": "$0"}']
    >>> texts, left = as_texts(pl.Series(told), ["v"])
    >>> texts.to_list()
    ['{"v": "[1,\\"a]\\"]", "w": [2]}', '{"v": "{\\"x\\":{}}"}', '{"v": [1, }', '{"v": "$0"}']
    >>> left.to_list()
    [False, False, True, False]
    """
    key = rf'(?:{"|".join(map(re.escape, sorted(names)))})"\s*:\s*'  # found faster without its first quote
    left = texts.str.contains(_MARK, literal=True)
    pieces = texts.str.replace_all(key + _VALUE, _MARK + "${0}" + _MARK).str.split(_MARK)
    counts = pieces.list.len().to_numpy().astype(np.int64)
    flat, rows, starts = pieces.explode(), np.arange(texts.len()).repeat(counts), counts.cumsum() - counts
    is_value = pl.Series((np.arange(flat.len()) - starts[rows]) % 2 == 1)
    values = flat.filter(is_value)
    distinct = values.unique()
    spelled = values.replace_strict(distinct, _spelled(distinct, key), return_dtype=pl.String)
    odd = flat.str.contains(key + r"[\[{]") & ~is_value
    odd = odd.scatter(is_value.arg_true(), spelled.is_null())
    left = left.scatter(rows[odd.to_numpy()], True)
    whole = _joined(flat.scatter(is_value.arg_true(), spelled), counts)
    return (whole.zip_with(~left, texts) if left.any() else whole), left


def _joined(pieces: pl.Series, counts: npt.NDArray[np.int64]) -> pl.Series:
    """Put so many pieces each into one text: Arrow has them in one buffer, only the borders are others."""
    array = pieces.fill_null("").to_arrow()
    _, offsets, data = array.buffers()
    borders = np.frombuffer(offsets, np.int64)[array.offset :][np.concatenate([[0], counts.cumsum()])]
    whole = pa.LargeStringArray.from_buffers(len(counts), pa.py_buffer(borders), data)
    return pl.Series("text", whole)


def _spelled(values: pl.Series, key: str) -> pl.Series:
    """Return keys with the texts of what they have; null for what is no JSON."""
    parts = values.to_frame("v").select(
        key=pl.col("v").str.extract(f"^({key})"), json=pl.col("v").str.replace(f"^{key}", "")
    )
    written = pl.Series(_written(parts["json"].to_list()), dtype=pl.String)
    escaped = written.str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
    return parts["key"] + '"' + escaped + '"'


def _written(values: list[str]) -> list[str | None]:
    """Return values as orjson writes them: all at once, and each by itself if one is no JSON."""
    try:
        read = orjson.loads(f"[{','.join(values)}]")
    except ValueError:
        return [_one(value) for value in values]
    return [orjson.dumps(value).decode() for value in read]


def _one(value: str) -> str | None:
    try:
        return orjson.dumps(orjson.loads(value)).decode()
    except ValueError:
        return None
