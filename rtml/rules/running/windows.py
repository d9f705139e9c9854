"""How much of something lies within the time before each event, group by group.

Times and spans are whole nanoseconds. Sums of steps up and down, sorted once: a burst of a million events
costs what a million single ones do.
"""

from __future__ import annotations

import polars as pl

from rtml.asof import asof

__all__ = ["completes", "in_order", "whole", "within"]

_BIRTH, _PROBE, _DEATH = 0, 1, 2


def within(rows: pl.DataFrame, span: int) -> pl.Series:
    """Return, for each row, the weight of the different values in its group at most ``span`` before it.

    Parameters
    ----------
    rows
        ``group``, ``value`` and ``time``, none null, and ``weight`` (one number for each value). What
        happens at the same moment counts together.
    span
        A value exactly this long ago still counts.

    Returns
    -------
    In the order of the rows; empty for none.

    Examples
    --------
    >>> rows = pl.DataFrame({"group": 0, "value": [7, 8, 7, 7], "time": [0, 1, 2, 9], "weight": 1})
    >>> within(rows, 8).to_list()
    [1, 2, 2, 2]
    """
    numbered = rows.with_row_index("_row").sort("group", "value", "time")
    same = (pl.col("group") == pl.col("group").shift(1)) & (pl.col("value") == pl.col("value").shift(1))
    # A value that comes again in time goes on living: it is born once and dies once.
    fresh = ~(same & (pl.col("time") - pl.col("time").shift(1) <= span)).fill_null(False)
    marked = numbered.with_columns(_born=fresh, _dies=fresh.shift(-1).fill_null(True))
    births = marked.filter("_born").select("group", "time", delta="weight", _order=_BIRTH, _row=None)
    deaths = marked.filter("_dies").select(
        "group", time=pl.col("time") + span, delta=-pl.col("weight"), _order=_DEATH, _row=None
    )
    probes = marked.select("group", "time", delta=pl.col("weight") * 0, _order=_PROBE, _row="_row")
    steps = pl.concat([births, probes, deaths], how="vertical_relaxed").sort("group", "time", "_order")
    # Every group ends at nothing, so one running sum serves them all.
    alive = steps.with_columns(alive=pl.col("delta").cum_sum()).filter(pl.col("_order") == _PROBE)
    return alive.sort("_row")["alive"]


def whole(rows: pl.DataFrame, span: int) -> pl.Series:
    """Tell which rows end a whole time frame: the next event of the group does not fit into it any more.

    Examples
    --------
    >>> rows = pl.DataFrame({"group": 0, "time": [0, 1, 2, 9]})
    >>> whole(rows, 8).to_list()
    [False, False, True, True]
    """
    moments = rows.select("group", "time").unique().sort("group", "time")
    firsts = moments.select("group", at="time", first="time").sort("at")
    opened = asof(
        moments.with_columns(at=pl.col("time") - span).sort("at"),
        firsts,
        on="at",
        by="group",
        strategy="forward",
    ).sort("group", "time")
    follows = pl.col("group").shift(-1) == pl.col("group")
    fits = follows & (pl.col("time").shift(-1) - pl.col("first") <= span)
    ends = opened.select("group", "time", ends=~fits.fill_null(False))
    return rows.join(ends, on=["group", "time"], how="left", maintain_order="left")["ends"]


def in_order(rows: pl.DataFrame, steps: int, span: int) -> pl.DataFrame:
    """Return the rows of the last step before which, within ``span``, all others came in their order.

    Parameters
    ----------
    rows
        ``group``, ``step`` (0, 1, ...), ``time``, and ``at``: the place of an event among all. An event
        does not come before itself, even where it is of two steps.
    steps, span
        How many steps there are; the longest time from the first to the last.

    Examples
    --------
    >>> rows = pl.DataFrame({"group": 0, "step": [1, 0, 1], "time": [5, 6, 7], "at": [0, 1, 2]})
    >>> in_order(rows, 2, 5)["at"].to_list()
    [2]
    """
    ordered = rows.sort("at")
    reached = ordered.filter(pl.col("step") == 0).with_columns(begun="time")
    for step in range(1, steps):
        # What came last before it began last, too: no earlier one can fit better.
        before = reached.select("group", "at", "begun")
        reached = asof(
            ordered.filter(pl.col("step") == step), before, on="at", by="group", allow_exact_matches=False
        ).filter(pl.col("begun").is_not_null())
    return reached.filter(pl.col("time") - pl.col("begun") <= span).drop("begun")


def completes(how: str, number: float) -> pl.Expr:
    """Return the comparison of the column ``counted`` with a number.

    Examples
    --------
    >>> pl.DataFrame({"counted": [4, 5]}).select(completes(">=", 5)).to_series().to_list()
    [False, True]
    """
    counted = pl.col("counted").cast(pl.Float64)
    return {
        ">": counted > number,
        ">=": counted >= number,
        "<": counted < number,
        "<=": counted <= number,
        "==": counted == number,
        "!=": counted != number,
    }[how]
