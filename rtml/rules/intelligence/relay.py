"""Tor relay: peers of a relay list in both directions, in one container, close in time."""

from __future__ import annotations

import polars as pl

from rtml.asof import asof

__all__ = ["WITHIN", "both_ways"]

WITHIN = "1h"
"""A relay talks to others all the time; a client never hears from one first."""


def both_ways(hits: pl.DataFrame, within: str = WITHIN) -> pl.DataFrame:
    """Keep connections that have one in the other direction near them.

    Parameters
    ----------
    hits
        ``host``, ``container_id``, ``list``, ``time`` and ``outbound`` (Boolean); each is a
        connection with a peer of a relay list. Other columns come along.
    within
        The longest time between the two.

    Returns
    -------
    The rows that remain, by time. Fails when the sensor reports no accepted connections.

    Examples
    --------
    >>> hits = pl.select(host=pl.lit("h"), container_id=pl.lit("c"), list=pl.lit(0),
    ...     time=pl.Series([0, 60, 90_000]) * 1_000_000, outbound=pl.Series([True, False, True]))
    >>> both_ways(hits.with_columns(pl.col("time").cast(pl.Datetime("us"))))["outbound"].to_list()
    [True, False]
    """
    by = ["host", "container_id", "list"]
    rows = hits.sort("time", maintain_order=True)
    parts = [
        asof(
            rows.filter(pl.col("outbound") == way),
            rows.filter(pl.col("outbound") != way).select(*by, "time", _other="outbound"),
            on="time",
            by=by,
            strategy="nearest",
            tolerance=within,
        )
        for way in (True, False)
    ]
    near = pl.concat(parts).filter(pl.col("_other").is_not_null()).drop("_other")
    return near.sort("time", maintain_order=True)
