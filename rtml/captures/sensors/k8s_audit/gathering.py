"""Events of a log as one table, made block by block: what is kept of only one is in memory as objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from rtml.captures.sensors.k8s_audit import columns, typed
from rtml.captures.sensors.k8s_audit.columns import ROW, table_of
from rtml.captures.sensors.records.moments import utc
from rtml.schema import empty

__all__ = ["Gathered"]

_BLOCK = 1 << 24
"""Bytes of log."""
_TIMES = ("received", "stage_time", "written")
"""The first that an event names is its time."""


class Gathered:
    """Events in the order in which they were given; typed ones, and those of any types, which cost more.

    Examples
    --------
    >>> events = Gathered()
    >>> lines = b'{"auditID": "a", "timestamp": "2027-01-01T00:00:00Z"}', b'{"auditID": "b"}'
    >>> events.take(events.read(lines), 1, 80)
    >>> events.add({"auditID": "c", "stage": 7}, 3, 30)
    >>> events.table().select("audit_id", pl.col("time").dt.year(), "line").rows()
    [('a', 2027, 1), ('b', None, 2), ('c', None, 3)]
    """

    read = staticmethod(typed.events_of)

    def __init__(self) -> None:
        self._tables = [_timed(empty(ROW))]
        self._begin()

    def _begin(self) -> None:
        self._typed, self._lines, self._size = list[typed.Event](), list[int](), 0
        self._others, self._other_lines, self._places = list[Mapping[str, Any]](), list[int](), list[int]()

    def take(self, found: Sequence[typed.Event], first: int, size: int) -> None:
        """Add events of consecutive lines that were read as such."""
        self._typed += found
        self._lines += range(first, first + len(found))
        self._grow(size)

    def add(self, event: Mapping[str, Any], line: int, size: int) -> None:
        """Add an event of any types."""
        self._places.append(len(self._typed) + len(self._others))
        self._others.append(event)
        self._other_lines.append(line)
        self._grow(size)

    def table(self) -> pl.DataFrame:
        """Return what was given (`columns.ROW`, with times in place of their texts)."""
        self._end()
        return pl.concat(self._tables)

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size >= _BLOCK:
            self._end()

    def _end(self) -> None:
        if self._typed or self._others:
            self._tables.append(_timed(self._block()))
        self._begin()

    def _block(self) -> pl.DataFrame:
        if not self._others:
            return table_of(typed.columns_of(self._typed), self._lines)
        others = table_of(columns.columns_of(self._others), self._other_lines)
        if not self._typed:
            return others
        both = pl.concat([table_of(typed.columns_of(self._typed), self._lines), others])
        places = pl.int_range(both.height, eager=True)
        theirs = pl.Series(self._places)
        return both[pl.concat([places.filter(~places.is_in(theirs)), theirs]).arg_sort()]


def _timed(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with times; that of an event is the first that it names, whether it can be read or not."""
    times = rows.select(utc(pl.col(_TIMES)))
    received, staged = rows["received"].is_not_null(), rows["stage_time"].is_not_null()
    time = pl.when(received).then("received").when(staged).then("stage_time").otherwise("written")
    return rows.with_columns(times).with_columns(time=time).drop("written")
