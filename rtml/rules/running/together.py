"""Which rules matched within the time before each event, group by group."""

from __future__ import annotations

from functools import reduce
from operator import and_, or_

import polars as pl

from rtml.rules.language.over_rules import Which

__all__ = ["together"]


def together(rows: pl.DataFrame, span: int, which: Which) -> pl.Series:
    """Tell of each row whether the rules that matched at most ``span`` before it fulfil a condition.

    Parameters
    ----------
    rows
        ``group``, ``step`` (the number of a rule) and ``time``, none null. What happens at the same moment
        counts together.
    span
        A match exactly this long ago still counts.
    which
        Numbers of rules, joined by and, or, not.

    Returns
    -------
    In the order of the rows; empty for none.

    Examples
    --------
    >>> rows = pl.DataFrame({"group": 0, "step": [0, 1, 0], "time": [0, 1, 9]})
    >>> together(rows, 5, ("and", (0, ("not", (1,))))).to_list()
    [True, False, True]
    """
    steps = sorted(_numbers(which))
    last = {f"last{i}": pl.col("time").filter(pl.col("step") == i).max() for i in steps}
    moments = rows.group_by("group", "time").agg(**last).sort("group", "time")
    moments = moments.with_columns(pl.col(list(last)).forward_fill().over("group"))
    near = {f"near{i}": (pl.col("time") - pl.col(f"last{i}") <= span).fill_null(False) for i in steps}
    held = moments.with_columns(**near).select("group", "time", held=_held(which))
    return rows.join(held, on=["group", "time"], how="left", maintain_order="left")["held"]


def _numbers(which: Which) -> set[int]:
    return {which} if isinstance(which, int) else set().union(*map(_numbers, which[1]))


def _held(which: Which) -> pl.Expr:
    if isinstance(which, int):
        return pl.col(f"near{which}")
    how, inner = which
    parts = [_held(one) for one in inner]
    return ~parts[0] if how == "not" else reduce(and_ if how == "and" else or_, parts)
