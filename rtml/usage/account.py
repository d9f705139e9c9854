"""The account: what was watched per account, cluster and month, and what that would cost."""

from __future__ import annotations

import calendar
import os
from fnmatch import fnmatchcase

import polars as pl

from rtml.schema import conform, empty
from rtml.usage.inventory import INVENTORY
from rtml.usage.prices import Prices, tiered
from rtml.usage.seen import WHO

__all__ = ["SCORED", "USAGE", "usage_of"]

USAGE = pl.Schema(
    {
        "account": pl.String(),
        "cluster": pl.String(),
        "month": pl.String(),
        "events": pl.Int64(),
        "bytes": pl.Int64(),
        "containers": pl.Int64(),
        "container_hours": pl.Int64(),
        "hosts": pl.Int64(),
        "uncovered_hosts": pl.Int64(),
        "host_hours": pl.Int64(),
        "vcpu_hours": pl.Float64(),
        "scoring_seconds": pl.Float64(),
        "guardduty": pl.Float64(),
        "compute": pl.Float64(),
    }
)
"""``host_hours`` are clock hours (UTC) in which a host had an event, each once over all captures;
``vcpu_hours`` are those times the vCPUs of the host. ``uncovered_hosts`` are listed and had no event in the
month, null without a list. ``guardduty`` and ``compute`` are money: what GuardDuty's Runtime Monitoring would
ask for these vCPU-hours, and what scoring took; null without a price."""

SCORED = pl.Schema({"captures": pl.List(pl.String()), "cpu_seconds": pl.Float64()})
"""Scoring jobs: which captures each read, and the processor seconds that it took."""


def usage_of(
    seen: pl.DataFrame,
    prices: Prices,
    hosts: pl.DataFrame | None = None,
    vcpus: float = 1.0,
    scored: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return one row per account, cluster and month (`USAGE`), sorted.

    Parameters
    ----------
    seen
        `rtml.usage.seen.SEEN`.
    prices
        Tiers are those of an account in a month: its clusters share what it costs by their vCPU-hours.
    hosts
        `rtml.usage.inventory.INVENTORY`: hosts with their vCPUs, and those that nobody watches.
    vcpus
        vCPUs of a host that is not listed, or listed without.
    scored
        `SCORED`, inputs as a job was given them. Its seconds go to accounts, clusters and months by the
        events of what it read; None: nobody knows.

    Examples
    --------
    >>> from rtml.usage.prices import read_prices
    >>> from rtml.usage.seen import SEEN
    >>> usage_of(SEEN.to_frame(), read_prices()).height
    0
    """
    listed = empty(INVENTORY) if hosts is None else hosts
    rows = _watched(seen, listed, vcpus).join(_uncovered(seen, hosts), on=WHO, how="full", coalesce=True)
    rows = rows.join(_seconds(seen, scored), on=WHO, how="left")
    counts = [name for name, kind in USAGE.items() if kind == pl.Int64() and name != "uncovered_hosts"]
    rows = rows.with_columns(pl.col(*counts, "vcpu_hours").fill_null(0))
    return conform(_priced(rows, prices), USAGE).sort(WHO)


def _watched(seen: pl.DataFrame, hosts: pl.DataFrame, vcpus: float) -> pl.DataFrame:
    """Count each container and host once per hour, whatever number of captures saw it."""
    sums = seen.group_by(WHO).agg(pl.col("events").sum(), pl.col("bytes").sum().round().cast(pl.Int64))
    boxes = seen.drop_nulls("container_id").unique([*WHO, "container_id", "hour"])
    in_boxes = boxes.group_by(WHO).agg(containers=pl.col("container_id").n_unique(), container_hours=pl.len())
    on_hosts = (
        seen.unique([*WHO, "host", "hour"])
        .join(hosts, on=["host", "account", "cluster"], how="left")
        .group_by(WHO)
        .agg(
            hosts=pl.col("host").n_unique(),
            host_hours=pl.len(),
            vcpu_hours=pl.col("vcpus").fill_null(vcpus).sum(),
        )
    )
    return sums.join(in_boxes, on=WHO, how="left").join(on_hosts, on=WHO, how="left")


def _uncovered(seen: pl.DataFrame, hosts: pl.DataFrame | None) -> pl.DataFrame:
    """Count listed hosts without an event, in every month that has events at all."""
    if hosts is None:
        return seen.select(WHO).unique().with_columns(uncovered_hosts=pl.lit(None, pl.Int64))
    wanted = hosts.select("host", "account", "cluster").join(seen.select("month").unique(), how="cross")
    absent = wanted.join(seen, on=["host", *WHO], how="anti").group_by(WHO).agg(uncovered_hosts=pl.len())
    known = pl.concat([seen.select(WHO), wanted.select(WHO)]).unique()
    return known.join(absent, on=WHO, how="left").with_columns(pl.col("uncovered_hosts").fill_null(0))


def _seconds(seen: pl.DataFrame, scored: pl.DataFrame | None) -> pl.DataFrame:
    """Share the seconds of each job by the events of what it read."""
    if scored is None:
        return seen.select(WHO).unique().with_columns(scoring_seconds=pl.lit(None, pl.Float64))
    known = seen["capture"].unique().to_list()
    read = pl.DataFrame(
        [
            (job, seconds, capture)
            for job, (inputs, seconds) in enumerate(scored.select("captures", "cpu_seconds").iter_rows())
            for capture in known
            if any(_names(one, capture) for one in inputs)
        ],
        {"job": pl.Int64, "cpu_seconds": pl.Float64, "capture": pl.String},
        orient="row",
    )
    sizes = seen.group_by("capture", *WHO).agg(pl.col("events").sum())
    shares = read.join(sizes, on="capture").with_columns(
        share=pl.col("events") / pl.col("events").sum().over("job")
    )
    by_job = shares.group_by(WHO).agg(scoring_seconds=(pl.col("cpu_seconds") * pl.col("share")).sum())
    none = seen.select(WHO).unique()
    return none.join(by_job, on=WHO, how="left").with_columns(pl.col("scoring_seconds").fill_null(0.0))


def _names(asked: str, capture: str) -> bool:
    """Tell whether an input of a job is a capture, a folder above it, or a pattern of either.

    Examples
    --------
    >>> _names("c", "c/day/one"), _names("./c/*/", "c/day/one"), _names("s3://b/c", "s3://b/cd")
    (True, True, False)
    """
    whole, place = (_whole(text) for text in (asked, capture))
    above = [place, *(place[:at] for at, letter in enumerate(place) if letter == "/")]
    return any(fnmatchcase(one, whole) for one in above)


def _whole(place: str) -> str:
    return place.rstrip("/") if "://" in place else os.path.abspath(place)


def _priced(rows: pl.DataFrame, prices: Prices) -> pl.DataFrame:
    hourly = prices.compute_vcpu_hour
    compute = pl.lit(None, pl.Float64) if hourly is None else pl.col("scoring_seconds") / 3600 * hourly
    whole = rows.group_by("account", "month").agg(_all=pl.col("vcpu_hours").sum())
    costs = [
        tiered(hours / _hours(month), prices.guardduty_runtime)
        for month, hours in whole.select("month", "_all").iter_rows()
    ]
    whole = whole.with_columns(_cost=pl.Series(costs, dtype=pl.Float64))
    share = pl.when(pl.col("_all") > 0).then(pl.col("vcpu_hours") / pl.col("_all")).otherwise(0.0)
    joined = rows.join(whole, on=["account", "month"], how="left")
    return joined.with_columns(guardduty=pl.col("_cost") * share, compute=compute)


def _hours(month: str) -> int:
    """Return the hours of a month.

    Examples
    --------
    >>> _hours("2026-11"), _hours("2028-02")
    (720, 696)
    """
    year, number = map(int, month.split("-"))
    return calendar.monthrange(year, number)[1] * 24
