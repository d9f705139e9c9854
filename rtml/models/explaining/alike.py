"""Trees that alarm for the same reason: one cause is one finding, however often it comes back.

A loop that starts a process a minute, each for the first time reading a file that it never read, is one piece
of news. Trees of one container whose most surprising pair is the same, and that follow each other within a
spell, become one finding: that of the first tree, with the events of all.
"""

from __future__ import annotations

import polars as pl

from rtml.times import UTC_NS, Window

__all__ = ["merged", "spells"]

_UNIT = ["container_id", "slot", "process_id"]
_PAIR = ["family", "conditional", "key", "context"]


def spells(time: str, of: list[str], length: str) -> pl.Expr:
    """Return numbers of spells: a gap longer than ``length``, or another ``of``, begins a new one.

    Rows are in order of ``of`` and time.

    Examples
    --------
    >>> at = pl.Series([second * 10**9 for second in (0, 60, 7200, 7260)]).cast(UTC_NS)
    >>> rows = pl.DataFrame({"of": [1, 1, 1, 2], "at": at})
    >>> rows.select(n=spells("at", ["of"], "1h"))["n"].to_list()
    [1, 1, 2, 3]
    """
    gap = pl.col(time) - pl.col(time).shift(1).over(of)
    return (gap > Window.of(length).span).fill_null(True).cum_sum()


def merged(events: pl.DataFrame, spell: str) -> pl.DataFrame:
    """Give the events of trees that are alike the unit of the first of them.

    Parameters
    ----------
    events
        `_UNIT`, `_PAIR`, ``bits`` and ``window``: the surprising events of alarming trees; a row without a
        pair (null ``conditional``) stays alone.
    spell
        Trees that are farther apart than this are told apart: ``1h``.

    Returns
    -------
    The same rows; ``slot`` and ``process_id`` are those of the first tree of each cause, ``trees`` is how
    many there are.

    Examples
    --------
    >>> import datetime as dt
    >>> at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    >>> rows = pl.DataFrame({"process_id": [1, 2, 3], "key": ["a", "a", "b"]}).with_columns(
    ...     container_id=pl.lit("c"), slot=pl.lit(at), window=pl.lit(at), family=pl.lit("f"),
    ...     conditional=pl.lit("f.x"), context=pl.lit("web"), bits=pl.lit(9.0))
    >>> merged(rows, "1h").select("process_id", "trees").rows()
    [(1, 2), (1, 2), (3, 1)]
    """
    top = events.sort("bits", *_PAIR, descending=[True, *[False] * len(_PAIR)], nulls_last=True).unique(
        _UNIT, keep="first", maintain_order=True
    )
    begun = events.group_by(_UNIT).agg(_begun=pl.col("window").min())
    units = top.select(*_UNIT, *_PAIR).join(begun, on=_UNIT, nulls_equal=True)
    alone = pl.when(pl.col("conditional").is_null()).then("process_id")
    cause = ["container_id", *_PAIR, "_alone"]
    ordered = units.with_columns(_alone=alone).sort(*cause, "_begun", "process_id", nulls_last=True)
    numbered = ordered.with_columns(_cause=spells("_begun", cause, spell))
    first = numbered.group_by("_cause", maintain_order=True).agg(
        _slot=pl.col("slot").first().cast(UTC_NS),
        _process=pl.col("process_id").first(),
        trees=pl.len().cast(pl.Int64),
    )
    placed = numbered.join(first, on="_cause").select(*_UNIT, "_slot", "_process", "trees")
    moved = events.join(placed, on=_UNIT, how="left", nulls_equal=True, maintain_order="left")
    return moved.with_columns(slot="_slot", process_id="_process").drop("_slot", "_process")
