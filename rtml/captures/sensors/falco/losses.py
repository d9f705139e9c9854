"""What Falco says it lost: alerts of dropped system calls, and counters of its metrics snapshots."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.contract import Lost
from rtml.captures.sensors.records.moments import since_1970
from rtml.captures.sensors.records.values import integer

__all__ = ["losses_of"]


def losses_of(rows: pl.DataFrame) -> list[Lost]:
    """Return the losses of a file, per host.

    An alert counts what was dropped since the one before; a snapshot counts since Falco's start. Where a host
    has both, they speak of the same drops: the greater account is taken.
    """
    accounts = rows.select(
        "host",
        "at",
        begun=since_1970(pl.col("falco.start_ts")),
        dropped=_count("n_drops"),
        total=_count("scap.n_drops"),
    ).sort("host", "at", maintain_order=True)
    alerts = accounts.filter(pl.col("dropped") > 0).select("host", start="at", end="at", count="dropped")
    snapshots = _increments(accounts.drop_nulls("total"))
    found = list[Lost]()
    for host in accounts["host"].unique(maintain_order=True):
        sides = [side.filter(pl.col("host") == host) for side in (alerts, snapshots)]
        most = max(sides, key=lambda side: int(side["count"].sum()))
        found += [Lost(**row) for row in most.to_dicts()]
    return found


def _count(column: str) -> pl.Expr:
    number = integer(pl.col(column))
    return pl.when(number.is_between(0, 1 << 53)).then(number)


def _increments(snapshots: pl.DataFrame) -> pl.DataFrame:
    """Return what was dropped between two snapshots of one run of Falco; before the first since its start."""
    run = ["host", "begun"]
    before = snapshots.with_columns(
        start=pl.col("at").shift(1).over(run), before=pl.col("total").shift(1).over(run).fill_null(0)
    )
    counted = before.select(
        "host",
        pl.coalesce("start", "begun").alias("start"),
        end="at",
        count=pl.col("total") - pl.col("before"),
    )
    return counted.filter(pl.col("count") > 0)
