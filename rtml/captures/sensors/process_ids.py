"""Processes that a sensor names by pid and start time, as the importer names them."""

from __future__ import annotations

import polars as pl

from rtml.captures.identity import process_id

__all__ = ["pid_of", "process_ids"]


def process_ids(rows: pl.DataFrame, pid: str, started: str) -> pl.Series:
    """Return the id of each process; null where its pid or its start time is not known.

    Parameters
    ----------
    rows
        ``host`` and the two columns.
    pid, started
        Names of the columns: a number, and a time to the nanosecond.

    Examples
    --------
    >>> from rtml.times import UTC_NS
    >>> rows = pl.DataFrame({"host": "a", "pid": [1, 1, None], "at": pl.Series([5, None, 5]).cast(UTC_NS)})
    >>> process_ids(rows, "pid", "at").to_list()
    [495760295683883411, None, None]
    """
    known = rows.select((pl.col(pid).is_not_null() & pl.col(started).is_not_null()).alias("known"))["known"]
    some = rows.select(pl.col("host").cast(pl.String), pid, started).filter(known)
    ids = process_id(some["host"], some[pid].to_numpy(), some[started].dt.epoch("ns").to_numpy())
    return (
        pl.Series(pid, [None], pl.Int64)
        .extend_constant(None, rows.height)
        .slice(1)
        .scatter(known.arg_true(), pl.Series(ids, dtype=pl.Int64))
    )


def pid_of(number: pl.Expr) -> pl.Expr:
    """Return pids; what no pid can be (negative, beyond the kernel's limit) is null.

    Examples
    --------
    >>> numbers = pl.Series([1, -1, 2**22, 2**22 + 1, 2**63 - 1], dtype=pl.Int64)
    >>> pl.DataFrame({"n": numbers}).select(pid_of(pl.col("n")))["n"].to_list()
    [1, None, 4194304, None, None]
    """
    return pl.when(number.is_between(0, 1 << 22)).then(number).cast(pl.Int32)
