"""Rows that are not settled, in pieces: each is told its processes once, and written once.

A piece begins where the one before it ends, on every host. What comes later than all of it goes on from what
is known behind it; what comes earlier opens it again. The newest rows of a host, among which others are
still to be expected, are in no piece: they are looked at again at every commit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from rtml.captures.following.tables import Was

__all__ = ["DISORDER", "Piece", "firsts", "lasts", "overlapping", "parted", "ripe", "stuck"]

DISORDER = dt.timedelta(seconds=0.5)
"""Rows of a host that are as new as this are in no piece: so far out of order sensors print all the time."""

_NANOSECOND = 10**9
_HOST = pl.col("host").cast(pl.String).fill_null("")
_TIME = pl.col("time").dt.epoch("ns")

Times = Mapping[str, int]
"""Nanoseconds since 1970, by host."""


@dataclass
class Piece:
    """Rows that wait together, as the sensor gave them, and what is known behind them.

    ``last``: the time of the last one by host. ``parts`` are the files that they are in, and ``side`` one
    that holds what was theirs before they were told their processes.
    """

    rows: pl.DataFrame
    after: Was
    last: Times
    parts: list[str] = field(default_factory=list)
    side: str = ""


def firsts(rows: pl.DataFrame) -> dict[str, int]:
    """Return the time of the first row of each host."""
    return _by_host(rows, pl.col("time").min())


def lasts(rows: pl.DataFrame) -> dict[str, int]:
    """Return the time of the last row of each host."""
    return _by_host(rows, pl.col("time").max())


def _by_host(rows: pl.DataFrame, what: pl.Expr) -> dict[str, int]:
    return dict(rows.group_by("host").agg(what).select(_HOST, _TIME).iter_rows())


def overlapping(pieces: Sequence[Piece], first: Times) -> int:
    """Return from which piece on rows belong into pieces, by the ``first`` of each host; none: how many.

    Examples
    --------
    >>> pieces = [Piece(pl.DataFrame(), Was(), {"a": 5}), Piece(pl.DataFrame(), Was(), {"a": 9, "b": 2})]
    >>> [overlapping(pieces, first) for first in ({"a": 10}, {"a": 9}, {"a": 5}, {"b": 3})]
    [2, 1, 0, 2]
    """
    for number, piece in enumerate(pieces):
        if any(first[host] <= last for host, last in piece.last.items() if host in first):
            return number
    return len(pieces)


def ripe(piece: Piece, newest: Times, hold: dt.timedelta) -> bool:
    """Tell whether every host is further on than the hold behind a piece."""
    return all(last < newest[host] - _long(hold) for host, last in piece.last.items())


def stuck(piece: Piece, newest: Times, hold: dt.timedelta) -> bool:
    """Tell whether hosts that stand still keep a piece that others have left behind long since.

    Examples
    --------
    >>> piece = Piece(pl.DataFrame(), Was(), {"a": 0, "b": 0})
    >>> [stuck(piece, {"a": n * 10**9, "b": 0}, dt.timedelta(seconds=5)) for n in (5, 6, 11)]
    [False, False, True]
    """
    passed = [newest[host] - last > 2 * _long(hold) for host, last in piece.last.items()]
    return any(passed) and not ripe(piece, newest, hold)


def parted(
    rows: pl.DataFrame, newest: Times, hold: dt.timedelta, speaking: Collection[str]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return the rows that are older than the hold, those that make a piece, and the newest; all in order.

    A host that is not ``speaking`` adds to no piece: its rows would keep those of the others.

    Examples
    --------
    >>> times = pl.from_epoch(pl.Series([0, 3_000, 5_900, 6_000]), "ms").dt.cast_time_unit("ns")
    >>> rows = pl.DataFrame({"host": "a", "time": times, "seq": range(4)})
    >>> [part["seq"].to_list() for part in parted(rows, lasts(rows), dt.timedelta(seconds=5), ["a"])]
    [[0], [1], [2, 3]]
    """
    if rows.is_empty():
        return rows, rows, rows
    hosts = pl.DataFrame({"_host": list(newest), "_newest": list(newest.values())})
    hosts = hosts.with_columns(_speaks=pl.col("_host").is_in(list(speaking)))
    told = rows.select("time", "seq", _host=_HOST, _time=_TIME).with_row_index("row")
    told = told.join(hosts, on="_host", how="left", maintain_order="left").sort("time", "seq")
    age = pl.col("_newest") - pl.col("_time")
    middle = (age > _long(DISORDER)) & pl.col("_speaks")
    part = told.select("row", part=pl.when(age > _long(hold)).then(0).when(middle).then(1).otherwise(2))
    old, mid, rest = (rows[part.filter(pl.col("part") == n)["row"]] for n in range(3))
    return old, mid, rest


def _long(span: dt.timedelta) -> int:
    return int(span / dt.timedelta(microseconds=1)) * (_NANOSECOND // 10**6)
