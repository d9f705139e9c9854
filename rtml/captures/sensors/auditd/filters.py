"""Calls that a filter (seccomp) met: it tells which call, by whom, and what it did; not about what it was.

So a call that is known by its file, its address or its program is a call by name alone. What a filter only
logs may have succeeded or failed.
"""

from __future__ import annotations

import polars as pl

__all__ = ["kind_by_filter", "result_by_filter"]

_WITHOUT_MORE = ("ptrace", "bpf", "unshare", "setns", "userfaultfd", "module_load", "mount")
"""Kinds that mean something by themselves."""
_ACTION = 0xFFFF0000
_ERRNO, _STOPPED = 0x00050000, (0, 0x80000000, 0x00030000)
"""The upper half of a code: refused with the error that the lower half is; the process killed, or trapped."""


def kind_by_filter(kind: pl.Expr) -> pl.Expr:
    """Return the kind of an event; of one that a filter told of, where the kind needs no more.

    Examples
    --------
    >>> rows = pl.DataFrame({"kind": ["open", "ptrace", "open"], "filtered": [True, True, None]})
    >>> rows.select(kind_by_filter(pl.col("kind"))).to_series().to_list()
    ['syscall', 'ptrace', 'open']
    """
    bare = pl.col("filtered").fill_null(False) & ~kind.is_in(_WITHOUT_MORE)
    return pl.when(bare & kind.is_not_null()).then(pl.lit("syscall")).otherwise(kind).alias("kind")


def result_by_filter() -> pl.Expr:
    """Return the error with which a filter refused a call; null where it let it pass, or did not tell.

    Examples
    --------
    >>> codes = ["0x7ffc0000", "0x50001", "0x80000000", "0x0", "x"]
    >>> rows = pl.DataFrame({"code": codes, "filtered": True})
    >>> rows.select(result_by_filter()).to_series().to_list()
    [None, -1, -1, -1, None]
    """
    code = pl.col("code").str.strip_prefix("0x").str.to_integer(base=16, dtype=pl.Int64, strict=False)
    action = code & _ACTION
    refused = pl.when(action == _ERRNO).then(-(code & 0xFFFF)).when(action.is_in(_STOPPED)).then(-1)
    return pl.when(pl.col("filtered")).then(refused)
