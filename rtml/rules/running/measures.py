"""Sums, means and percentiles of what lies within the time before each event, group by group."""

from __future__ import annotations

import numpy as np
import polars as pl

from rtml.rules.running.order_statistics import weighted_ranks

__all__ = ["average", "percentile", "total"]


def total(rows: pl.DataFrame, span: int) -> pl.Series:
    """Return, for each row, the sum of the values in its group at most ``span`` before it.

    Parameters
    ----------
    rows
        ``group``, ``time``, ``value`` (a whole number) and ``weight`` (how many of it there are), none null.
        What happens at the same moment counts together.
    span
        A value exactly this long ago still counts.

    Returns
    -------
    In the order of the rows, exact up to 2^53; empty for none.

    Examples
    --------
    >>> rows = pl.DataFrame({"group": 0, "time": [0, 1, 9], "value": [7, 8, -1], "weight": [1, 2, 1]})
    >>> total(rows, 8).to_list()
    [7.0, 23.0, 15.0]
    """
    return _sums(_runs(rows, span))["sum"]


def average(rows: pl.DataFrame, span: int) -> pl.Series:
    """Return the mean of the values that `total` adds up.

    Examples
    --------
    >>> rows = pl.DataFrame({"group": 0, "time": [0, 1, 9], "value": [7, 8, -1], "weight": [1, 2, 1]})
    >>> average(rows, 8).round(2).to_list()
    [7.0, 7.67, 5.0]
    """
    return _sums(_runs(rows, span)).select(pl.col("sum") / pl.col("number")).to_series()


def percentile(rows: pl.DataFrame, span: int, percent: float) -> pl.Series:
    """Return a percentile of the values that `total` adds up: between two of them, in proportion.

    The value at place ``percent / 100 * (n - 1)`` of the n sorted values, from 0; where that lies between
    two places, in proportion between their values (as numpy and ``PERCENTILE_CONT`` do).

    Examples
    --------
    >>> rows = pl.DataFrame({"group": 0, "time": [0, 1, 9], "value": [7, 8, 100], "weight": [1, 2, 1]})
    >>> percentile(rows, 9, 50).to_list()
    [7.0, 8.0, 8.0]
    """
    runs = _runs(rows, span)
    asked = _sums(runs)
    place = asked["number"].to_numpy() * (percent / 100) - percent / 100
    low, part = np.floor(place).astype(np.int64), place % 1
    values, weights = runs["value"].to_numpy().astype(float), runs["weight"].to_numpy()
    places = [low, np.ceil(place).astype(np.int64)]
    begin, end = asked["first"].to_numpy(), asked["after"].to_numpy()
    below, above = weighted_ranks(values, weights, begin, end, places)
    return pl.Series("percentile", below + (above - below) * part)


def _runs(rows: pl.DataFrame, span: int) -> pl.DataFrame:
    """Sort the rows, and say of each where its run begins and ends."""
    ordered = rows.select(
        "group",
        "time",
        value=pl.col("value").cast(pl.Int64),
        weight=pl.col("weight").cast(pl.Int64).clip(1),
        row=pl.int_range(pl.len()),
    ).sort("group", "time", "row")
    runs = ordered.with_columns(at=pl.int_range(pl.len())).rolling(
        "time", period=f"{span}i", closed="both", group_by="group"
    )
    borders = runs.agg(first=pl.col("at").first(), after=pl.col("at").last() + 1)
    return ordered.with_columns(borders.select("first", "after"))


def _sums(runs: pl.DataFrame) -> pl.DataFrame:
    """Add up the runs, in the order of the rows as given: ``sum``, ``number``, ``first``, ``after``."""
    one = pl.col("value").cast(pl.Int128) * pl.col("weight")
    upto = runs.select(sum=one.cum_sum(), number=pl.col("weight").cum_sum())
    zero = pl.DataFrame([[0], [0]], schema=upto.schema)
    upto = pl.concat([zero, upto])
    # Whole numbers: what other groups add up to goes out again without a rest.
    parts = {
        name: upto[name].gather(runs["after"]) - upto[name].gather(runs["first"]) for name in upto.columns
    }
    summed = runs.select("row", "first", "after").with_columns(**parts).sort("row")
    return summed.with_columns(sum=pl.col("sum").cast(pl.Float64))
