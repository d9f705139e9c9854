"""Frames brought to a schema: cheap for small ones, of which a look at a stream makes thousands."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

import polars as pl

__all__ = ["conformed", "nothing"]

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


def conformed(frame: Frame, schema: pl.Schema) -> Frame:
    """Give a frame exactly the columns and types of a schema; what it lacks becomes null.

    A table that has the schema already is given back as it is.

    Examples
    --------
    >>> conformed(pl.DataFrame({"a": [1], "x": [2]}), pl.Schema({"b": pl.Int64(), "a": pl.String()})).rows()
    [(None, '1')]
    """
    if isinstance(frame, pl.DataFrame):
        return _table(frame, schema)
    have = frame.collect_schema()
    if not have:  # literals alone would make one row of a frame that has none
        return type(frame)(schema=schema)
    return frame.with_columns(_lacking(have, schema)).select(schema.names())


def _table(table: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    have = dict(zip(table.columns, table.dtypes, strict=True))
    if not have:
        return nothing(schema)
    if list(have.items()) == list(schema.items()):
        return table
    lacking = _lacking(have, schema)
    whole = table.with_columns(lacking) if lacking else table
    return whole[schema.names()]  # a `select` of many names costs seven times as much


def _lacking(have: Mapping[str, pl.DataType], schema: pl.Schema) -> list[pl.Expr]:
    """Return the columns that a frame has not, or has of another type."""
    return [
        pl.col(name).cast(kind) if name in have else pl.lit(None, kind).alias(name)
        for name, kind in schema.items()
        if have.get(name) != kind
    ]


def nothing(schema: pl.Schema) -> pl.DataFrame:
    """Return a frame of no rows.

    Examples
    --------
    >>> nothing(pl.Schema({"a": pl.String()})).shape
    (0, 1)
    """
    return _made(tuple(schema.items())).clear()


@lru_cache(maxsize=256)
def _made(columns: tuple[tuple[str, pl.DataType], ...]) -> pl.DataFrame:
    """Make a frame of no rows; it takes Polars as long as to copy two hundred."""
    return pl.DataFrame(schema=dict(columns))
