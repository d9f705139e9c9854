"""What the kernel could not hand to auditd: serials that are missing between those that are there."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.contract import Lost

__all__ = ["MOST", "losses_of"]

MOST = 10_000
"""A greater step between serials is a log that was cut, picked from, or of another boot: no loss."""


def losses_of(events: pl.DataFrame) -> list[Lost]:
    """Return gaps between serials, per host.

    The kernel counts events up, without a gap; what it drops when its queue is full is counted and not
    there. A log of which events were picked (``ausearch``) has gaps too, and tells of them in the same way.

    Parameters
    ----------
    events
        ``host, time, serial`` in the order of the log (an event has the time of its
        beginning and the serial of its end); those of auditd itself, which counts by itself, are left out.
    """
    back = pl.col("serial") - pl.col("serial").shift(1).over("host") < -MOST
    boots = events.with_columns(back.fill_null(False).alias("back"))
    boots = boots.with_columns(boot=pl.col("back").cum_sum().over("host"))
    ordered, boot = boots.sort("host", "boot", "serial", maintain_order=True), ["host", "boot"]
    step = pl.col("serial") - pl.col("serial").shift(1).over(boot)
    before = pl.col("time").shift(1).over(boot)
    gaps = ordered.select(
        "host", start=pl.min_horizontal(before, "time"), end=pl.max_horizontal(before, "time"), count=step - 1
    )
    return [Lost(**row) for row in gaps.filter(pl.col("count").is_between(1, MOST)).iter_rows(named=True)]
