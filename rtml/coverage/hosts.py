"""Hosts of a capture: what was seen of each, when it was silent, and whether the host itself is seen."""

from __future__ import annotations

import datetime as dt

import polars as pl

from rtml.captures.store import Capture

__all__ = ["GAPS", "HOSTS", "gaps_of", "hosts_of"]

_UTC = pl.Datetime("ns", "UTC")
HOSTS = pl.Schema(
    {
        "host": pl.String(),
        "events": pl.Int64(),
        "first_seen": _UTC,
        "last_seen": _UTC,
        "longest_gap": pl.Float64(),
        "silent": pl.Float64(),
        "lost": pl.Int64(),
        "host_processes": pl.Int64(),
    }
)
"""``longest_gap`` and ``silent`` are seconds: without an event between two, and after its last one until the
last of the capture. ``host_processes`` counts events outside containers."""

GAPS = pl.Schema({"host": pl.String(), "start": _UTC, "end": _UTC, "seconds": pl.Float64()})
"""Stretches in which a host was silent."""

_MOST = 100


def hosts_of(capture: Capture) -> pl.DataFrame:
    """Return one row per host (`HOSTS`), sorted by name; an event without a host is of host ``""``."""
    end = capture.manifest.end
    lost: dict[str, int] = {}
    for loss in capture.manifest.lost_intervals:
        lost[loss.host] = lost.get(loss.host, 0) + loss.count
    rows = (
        capture.events(["host", "time", "container_id", "kind"])
        .group_by(pl.col("host").cast(pl.String).fill_null(""))
        .agg(
            events=pl.len(),
            first_seen=pl.col("time").min(),
            last_seen=pl.col("time").max(),
            host_processes=(pl.col("container_id").is_null() & (pl.col("kind") != "audit")).sum(),
        )
        .collect(engine="streaming")
    )
    longest = gaps_of(capture, dt.timedelta(0), most=None).group_by("host").agg(longest_gap=pl.max("seconds"))
    silent = (pl.lit(end, _UTC) - pl.col("last_seen")).dt.total_milliseconds() / 1000
    named = rows.join(longest, on="host", how="left").with_columns(
        silent=silent, lost=pl.col("host").replace_strict(lost, default=0, return_dtype=pl.Int64)
    )
    return named.select(pl.col(name).cast(kind) for name, kind in HOSTS.items()).sort("host")


def gaps_of(capture: Capture, least: dt.timedelta, most: int | None = _MOST) -> pl.DataFrame:
    """Return the stretches of at least ``least`` in which a host was silent (`GAPS`), the longest first.

    Times are looked at by the second, so that memory grows with the length of a capture, not with its events.
    """
    second = pl.col("time").dt.truncate("1s")
    seconds = (
        capture.events(["host", "time"])
        .group_by(pl.col("host").cast(pl.String).fill_null(""), second)
        .agg(first=pl.col("time").min(), last=pl.col("time").max())
        .collect(engine="streaming")
        .sort("host", "time")
        .with_columns(start=pl.col("last").shift(1).over("host"))
        .drop_nulls("start")
    )
    wide = seconds.with_columns(seconds=(pl.col("first") - pl.col("start")).dt.total_milliseconds() / 1000)
    found = wide.filter(pl.col("seconds") >= least.total_seconds())
    named = found.select("host", "start", pl.col("first").alias("end"), "seconds").sort(
        "seconds", "host", "start", descending=[True, False, False]
    )
    return (named if most is None else named.head(most)).cast(GAPS)
