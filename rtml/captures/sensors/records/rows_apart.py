"""Texts of JSON objects decoded together, so that none can run into the next.

Polars puts the rows into one list: ``[{`` at the end of one and ``}]`` in the next would be one object.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

__all__ = ["Way", "decoded", "marked", "way_of"]

_NEXT = r"\}\s*,\s*\{"
_NEXT_IN_LISTS = r"\}\s*\]\s*,\s*\[\s*\{"
"""What stands in a row that holds more than one object, or more than one list of one."""
_LISTED = pl.concat_str(pl.lit("["), "t", pl.lit("]")).alias("r")
_NUMBERED = pl.concat_str(
    pl.lit('{"n":'), "n", pl.lit(',"r":'), pl.col("t").fill_null("null"), pl.lit("}")
).alias("r")
Way = Callable[[pl.Series, pl.Struct], pl.Series]


def decoded(texts: pl.Series, plain: pl.Struct, way: Way | None = None) -> pl.Series:
    """Return the objects of rows; raises where that cannot be done for all at once, or a row is none.

    As many objects as rows are then one each if no row holds two. Rows that may (objects in a list look like
    it) stand each in a list, where the same is true of lists; and those that may all the same have numbers.
    """
    values = (way or way_of(texts, marked(texts)))(texts, plain)
    if values.len() != texts.len():
        raise pl.exceptions.ComputeError("a row that is no JSON runs into the next")
    if values.null_count() > texts.null_count():
        raise pl.exceptions.ComputeError("a row that is null is no object")
    return values


def marked(texts: pl.Series) -> list[pl.Series]:
    """Say which rows may hold two objects, and which two lists; asked of all at once it costs least."""
    return [texts.str.contains(mark) for mark in (_NEXT, _NEXT_IN_LISTS)]


def way_of(texts: pl.Series, marks: Sequence[pl.Series]) -> Way:
    """Return how rows are decoded so that none can run into the next."""
    objects, lists = (bool(mark.any()) for mark in marks)
    return _numbered if lists or texts.null_count() else _listed if objects else _as_it_stands


def _as_it_stands(texts: pl.Series, plain: pl.Struct) -> pl.Series:
    return texts.str.json_decode(plain)


def _listed(texts: pl.Series, plain: pl.Struct) -> pl.Series:
    """Decode rows that stand each in a list; none where one is not alone there."""
    lists = texts.to_frame("t").select(_LISTED)["r"].str.json_decode(pl.List(plain))
    return lists.explode() if (lists.list.len() == 1).all() else lists.clear()


def _numbered(texts: pl.Series, plain: pl.Struct) -> pl.Series:
    """Decode rows that stand each in an object with its number; none where one is not in its place."""
    numbers = pl.int_range(texts.len(), dtype=pl.Int64, eager=True)
    numbered = pl.DataFrame({"n": numbers, "t": texts}).select(_NUMBERED)["r"]
    values = numbered.str.json_decode(pl.Struct({"n": pl.Int64(), "r": plain}))
    in_place = values.struct.field("n").equals(numbers, check_names=False)
    return values.struct.field("r") if in_place else values.struct.field("r").clear()
