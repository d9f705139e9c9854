"""Tuned rules: exceptions made from benign data only, by a stated procedure.

A rule set out of the box against a calibrated model is no fair comparison: every operator tunes
rules to the environment. The procedure: on benign calibration data, count for every pair of rule
and workload (the peer group, `rtml.peers`) its alarms (container x 5 minutes x lineage root) per
container-day; within each workload, except the noisiest pairs, one after the other, until the
alarms that remain fit the budget. Fails when benign data is short: with D container-days the
smallest rate above zero is 1/D, so below a budget of 1/D every pair that fired once is excepted.
"""

from __future__ import annotations

import polars as pl

from rtml.findings.unit import slot_of
from rtml.peers import peer_group

__all__ = ["EXCEPTIONS", "apply", "tune"]

EXCEPTIONS = pl.Schema(
    {
        "rule": pl.String,
        "workload": pl.String,
        "alarms": pl.Int64,
        "container_days": pl.Float64,
        "per_container_day": pl.Float64,
        "reason": pl.String,
    }
)
"""One row per excepted pair, with the numbers that led to it."""


def tune(hits_benign: pl.DataFrame, container_days: pl.DataFrame, budget: float = 1.0) -> pl.DataFrame:
    """Make exceptions from hits on benign calibration data.

    Parameters
    ----------
    hits_benign
        Hits (`rtml.rules.account.HITS`) on data that holds no attack.
    container_days
        ``workload`` and ``container_days`` watched in that data.
    budget
        Alarms per container-day that a workload's rules may raise together.

    Returns
    -------
    `EXCEPTIONS`, sorted by workload and rule; empty when all fits the budget.

    Examples
    --------
    Over half a day ``job`` ran curl in two units and nc in one: 6 alarms a day, 4 by curl.

    >>> at = pl.Series(["2026-01-01 10:00", "2026-01-01 11:00", "2026-01-01 10:00"])
    >>> at = at.str.to_datetime()
    >>> hits = pl.DataFrame({"rule": ["curl", "curl", "nc"], "workload": "job", "image": "j:1",
    ...                      "container_id": "a", "root_id": [1, 2, 3], "time": at})
    >>> days = pl.DataFrame({"workload": ["job"], "container_days": [0.5]})
    >>> tune(hits, days, budget=2.0).select("rule", "alarms", "per_container_day").rows()
    [('curl', 2, 4.0)]
    """
    pairs = (
        hits_benign.select(
            "rule", "container_id", "root_id", slot_of(), workload=peer_group(hits_benign.columns)
        )
        .unique()
        .group_by("rule", "workload")
        .agg(alarms=pl.len().cast(pl.Int64))
        .join(container_days.select("workload", "container_days"), on="workload", how="left")
        .sort("workload", "alarms", "rule")
    )
    rate = pl.col("alarms") / pl.col("container_days")
    # Least noisy first: what is summed up to the budget stays, the noisiest are excepted.
    kept = pl.col("alarms").cum_sum().over("workload") / pl.col("container_days") <= budget
    return (
        pairs.filter(~kept.fill_null(False))
        .with_columns(per_container_day=rate, reason=pl.lit(f"over {budget:g} a container-day"))
        .select(pl.col(name).cast(kind) for name, kind in EXCEPTIONS.items())
        .sort("workload", "rule")
    )


def apply(hits: pl.DataFrame, exceptions: pl.DataFrame) -> pl.DataFrame:
    """Drop the hits of excepted pairs of rule and workload; all other columns and rows stay."""
    return (
        hits.with_columns(_workload=peer_group(hits.columns))
        .join(
            exceptions.select("rule", _workload="workload"),
            on=["rule", "_workload"],
            how="anti",
            maintain_order="left",
        )
        .drop("_workload")
    )
