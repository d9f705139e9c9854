"""What is usual: the keys of each context that most containers show."""

from __future__ import annotations

import polars as pl

from rtml.baselines.counting import POPULATION
from rtml.baselines.groups import grouped

__all__ = ["usual"]

_CONTEXT = ["group", "family", "subject"]


def usual(counts: pl.DataFrame, top: int) -> pl.DataFrame:
    """Return the most usual keys of every context.

    Parameters
    ----------
    counts
        Rows of `rtml.baselines.counting.COUNTS`.
    top
        Keys per context; by the number of containers that show them, then by count, then by name.

    Returns
    -------
    ``group``, ``family``, ``subject`` (null where the conditional has none), ``key``, ``count``,
    ``containers``, ``share`` (of the context's events, 0 to 1), ``others`` (keys of the context that
    are left out). Sorted by context, most usual first; empty for an empty table.

    Examples
    --------
    >>> from rtml.baselines.counting import COUNTS
    >>> rows = [{"family": "f", "workload": "web", "key": k, "container": c, "count": n}
    ...         for k, c, n in (("sh", "a", 9), ("nginx", "a", 1), ("nginx", "b", 1))]
    >>> usual(pl.DataFrame(rows, COUNTS), 1).select("key", "containers", "share", "others").row(0)
    ('nginx', 2, 0.181..., 1)
    """
    named = grouped(counts.filter(pl.col("family") != POPULATION))
    keys = named.group_by(*_CONTEXT, "key").agg(
        pl.col("count").sum(), containers=pl.col("container").n_unique().cast(pl.Int64)
    )
    totals = keys.group_by(_CONTEXT).agg(
        total=pl.col("count").sum(), others=(pl.len().cast(pl.Int64) - top).clip(0)
    )
    order = [*_CONTEXT, "containers", "count", "key"]
    ordered = keys.sort(order, descending=[False, False, False, True, True, False])
    first = ordered.group_by(_CONTEXT, maintain_order=True).head(top)
    joined = first.join(totals, on=_CONTEXT, nulls_equal=True, how="left", maintain_order="left")
    share = pl.when(pl.col("total") > 0).then(pl.col("count") / pl.col("total"))
    return joined.select(*_CONTEXT, "key", "count", "containers", share.alias("share"), "others")
