"""Trees that alarm for the same reason: one cause is one finding, however often it comes back.

A loop that starts a process a minute, each for the first time reading a file that it never read, is one piece
of news. Trees of one container whose most surprising pair is the same, and that follow each other within a
spell, become one finding: that of the first tree, with the events of all.
"""

from __future__ import annotations

import polars as pl

from rtml.times import UTC_NS

__all__ = ["merged"]

_UNIT = ["container_id", "slot", "process_id"]
_PAIR = ["family", "conditional", "key", "context"]


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
    gap = pl.col("_begun") - pl.col("_begun").shift(1).over(cause)
    hours = int(spell.rstrip("h"))
    fresh = ordered.with_columns(_fresh=(gap > pl.duration(hours=hours)).fill_null(True))
    numbered = fresh.with_columns(_cause=pl.col("_fresh").cum_sum())
    first = numbered.group_by("_cause", maintain_order=True).agg(
        _slot=pl.col("slot").first().cast(UTC_NS),
        _process=pl.col("process_id").first(),
        trees=pl.len().cast(pl.Int64),
    )
    placed = numbered.join(first, on="_cause").select(*_UNIT, "_slot", "_process", "trees")
    moved = events.join(placed, on=_UNIT, how="left", nulls_equal=True, maintain_order="left")
    return moved.with_columns(slot="_slot", process_id="_process").drop("_slot", "_process")
