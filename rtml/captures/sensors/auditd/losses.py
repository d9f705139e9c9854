"""What the kernel could not hand to auditd: serials that are missing, and what it says of it itself."""

from __future__ import annotations

import polars as pl

from rtml.asof import asof
from rtml.captures.sensors.auditd.accounts import ACCOUNT, BARE, TOTAL
from rtml.captures.sensors.contract import Lost

__all__ = ["MOST", "losses_of"]

MOST = 10_000
"""A greater step between serials is a log that was cut, picked from, or of another boot: no loss."""


def losses_of(events: pl.DataFrame, accounts: pl.DataFrame) -> list[Lost]:
    """Return gaps between serials, per host, and what the kernel says it lost beyond them.

    The kernel counts events up, mostly without a gap; what it drops when its queue is full is counted and not
    there, or is not even counted, and then only it can say so. A log of which events were picked
    (``ausearch``) has gaps too, and tells of them in the same way.

    Parameters
    ----------
    events
        ``line, host, time, serial`` in the order of the log (an event has the time of its
        beginning and the serial of its end); those of auditd itself, which counts by itself, are left out.
    accounts
        ``line, host`` and `accounts.account_of`. They have no time: what they tell of lies between the events
        of their host that stand round them. They count records, so what a gap there has counted is taken off.
    """
    back = pl.col("serial") - pl.col("serial").shift(1).over("host") < -MOST
    boots = events.with_columns(back.fill_null(False).alias("back"))
    boots = boots.with_columns(boot=pl.col("back").cum_sum().over("host"))
    ordered, boot = boots.sort("host", "boot", "serial", maintain_order=True), ["host", "boot"]
    before = pl.col("time").shift(1).over(boot)
    gaps = ordered.select(
        "host",
        start=pl.min_horizontal(before, "time"),
        end=pl.max_horizontal(before, "time"),
        count=_missing(pl.col("serial").shift(1).over(boot)),
    )
    lost = [gaps.drop_nulls("count"), _told(events, accounts)]
    return [Lost(**row) for row in pl.concat(lost).iter_rows(named=True)]


def _missing(before: pl.Expr, serial: str = "serial") -> pl.Expr:
    """Return how many serials lie between two; null for none, and for more than can be a loss."""
    step = pl.col(serial) - before - 1
    return pl.when(step.is_between(1, MOST)).then(step)


def _told(events: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    """Return what accounts tell, one row for all that stand between the same events of their host."""
    known, told = events.sort("line"), accounts.sort("line").with_columns(number=_increase())
    for name, which in (("start", "backward"), ("end", "forward")):
        near = known.select(
            "line", "host", pl.col("time").alias(name), pl.col("serial").alias(f"{name}_serial")
        )
        told = asof(told, near, on="line", by="host", strategy=which)
    gap = _missing(pl.col("start_serial"), "end_serial").fill_null(0)
    spans = told.group_by("host", "start", "end", gap=gap, maintain_order=True).agg(
        pl.col("number").sum(), bare=(pl.col(ACCOUNT) == BARE).all()
    )
    counted = pl.when("bare").then(1).otherwise("number") - pl.col("gap")
    return spans.select("host", "start", "end", count=counted).filter(pl.col("count") > 0)


def _increase() -> pl.Expr:
    """Return how many records an account adds: a total what it grew by, since it began with the machine."""
    total = pl.col(ACCOUNT) == TOTAL
    before = pl.col("number").shift(1).over("host", ACCOUNT).fill_null(0)
    grown = pl.when(pl.col("number") >= before).then(pl.col("number") - before).otherwise("number")
    return pl.when(total).then(grown).otherwise("number").fill_null(0)
