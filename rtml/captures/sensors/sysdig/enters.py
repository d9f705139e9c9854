"""Calls of which the line of the end does not say what they were about: that of the beginning does."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.sysdig.info import MAKERS

__all__ = ["with_enters"]

_GIVEN = ("fd.name", "fd.type", "fd.l4proto")


def with_enters(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows in which ends that name no descriptor have that of their beginning.

    The beginning is the line before of the same thread and call. Calls that make a descriptor end with
    another than they begin with.

    Examples
    --------
    >>> call = {"hostname": "a", "thread.tid": "5", "proc.pid": "5", "evt.type": "write", "fd.l4proto": None}
    >>> enter = call | {"evt.dir": ">", "fd.name": "/a", "fd.type": "file"}
    >>> done = call | {"evt.dir": "<", "fd.name": None, "fd.type": None}
    >>> with_enters(pl.DataFrame([enter, done, done]))["fd.name"].to_list()
    ['/a', '/a', None]
    """
    unnamed = pl.col("fd.name").is_null() & (pl.col("evt.dir") == "<") & ~pl.col("evt.type").is_in(MAKERS)
    if not rows.select((unnamed.any() & (pl.col("evt.dir") == ">").any()).fill_null(False)).item():
        return rows
    of_one = ("hostname", pl.coalesce("thread.tid", "proc.pid"), "evt.type")
    before = rows.select(pl.col("evt.dir", *_GIVEN).shift(1).over(*of_one).name.prefix("_"))
    wanted = unnamed & (pl.col("_evt.dir") == ">")
    return (
        rows.hstack(before)
        .with_columns(pl.when(wanted).then(f"_{name}").otherwise(name).alias(name) for name in _GIVEN)
        .drop(before.columns)
    )
