"""When processes began, by ECS: said, or in the names that Elastic Defend gives them (``entity_id``).

Such a name is agent, pid and start to the second (on Windows since 1601), in base64. It is there where the
start is not: in events of files and connections.
"""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.records.moments import when
from rtml.distinct import by_distinct
from rtml.times import UTC_NS

__all__ = ["began"]

_TAIL = r"^(?:[0-9a-f]{2})+2d((?:3\d){1,10})2d((?:3\d){10,11})(?:2e((?:3\d){1,9}))?$"
"""``-pid-seconds.fraction`` in hexadecimal digits: what is decoded need not be text."""
_SINCE_1601 = 11_644_473_600
_NANO = 1_000_000_000


def began(process: str, pid: str) -> pl.Expr:
    """Return when a process began, the same in all events of one agent.

    Parameters
    ----------
    process
        What its columns begin with: ``process/`` or ``process/parent/``.
    pid
        Name of the column of its number: a name with another one is not believed.

    Examples
    --------
    >>> rows = {"process/entity_id": ["YS0xLTE3MjY0ODQzNDU=", "YS0yLTE3MjY0ODQzNDU=", None], "pid": [1, 1, 1]}
    >>> frame = pl.DataFrame({**rows, "process/start": ["2024-09-16T10:59:05.7Z"] * 3})
    >>> frame.select(began("process/", "pid").dt.epoch("ms") % 60_000).to_series().to_list()
    [5000, 5700, 5700]
    """
    entity = pl.col(f"{process}entity_id")
    of_pid = by_distinct(entity, _pid) == pl.col(pid).cast(pl.String)
    by_name = by_distinct(entity, _moment, pl.Int64()).cast(UTC_NS)
    return pl.coalesce(pl.when(of_pid).then(by_name), when(pl.col(f"{process}start")))


def _digits(names: pl.Expr, group: int) -> pl.Expr:
    spelled = names.str.decode("base64", strict=False).bin.encode("hex").str.extract(_TAIL, group)
    return spelled.str.replace_all(r"3(\d)", "${1}")


def _pid(names: pl.Expr) -> pl.Expr:
    return _digits(names, 1)


def _moment(names: pl.Expr) -> pl.Expr:
    seconds = _digits(names, 2).cast(pl.Int64)
    seconds = pl.when(seconds > _SINCE_1601).then(seconds - _SINCE_1601).otherwise(seconds)
    return seconds * _NANO + _digits(names, 3).str.pad_end(9, "0").cast(pl.Int64).fill_null(0)
