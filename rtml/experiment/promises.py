"""What somebody's captures can promise, and what not yet: said before anything is trained on them."""

from __future__ import annotations

import datetime as dt

import polars as pl

from rtml.captures import Capture
from rtml.coverage.remarks import remarks
from rtml.numbers import number, plural
from rtml.text import visible
from rtml.times import Window

__all__ = ["JUDGED", "promises"]

JUDGED = 0.25
"""Share of the active time that is scored, when nobody says otherwise."""

_DAY = 24.0
_HOUR = dt.timedelta(hours=1)
_IMMATURE = 1.0
"""Hours of learning time of all its containers below which a peer group leans on the fleet."""

_MOST_NAMED = 5


def promises(
    capture: Capture,
    cells: pl.DataFrame,
    every: Window,
    calibrate: dt.datetime,
    test: dt.datetime,
    seen: pl.DataFrame,
) -> list[str]:
    """Say what captures can promise, the most important first.

    Parameters
    ----------
    capture
        All of them as one.
    cells
        ``container_id``, ``peers``, ``window``: every window in which a container did something.
    every
        Length of a window.
    calibrate, test
        Where calibration begins, and what is scored.
    seen
        `rtml.coverage.support.FAMILIES_SEEN`.
    """
    said = [
        _size(capture, cells, every, test),
        _budget(cells, every, test),
        _learnt(cells, every, calibrate),
        _peers(cells),
        _unseen(seen),
        *_lost(capture),
        *remarks(capture),
        "without labels an attack in this time is learnt, unless it stands out: rtml train says what does",
    ]
    return [sentence for sentence in said if sentence]


def _hours(cells: pl.DataFrame, every: Window) -> float:
    return cells.height * every.length / _HOUR


def _size(capture: Capture, cells: pl.DataFrame, every: Window, test: dt.datetime) -> str:
    containers, groups = cells["container_id"].n_unique(), cells["peers"].n_unique()
    hosts = capture.containers()["host"].n_unique()
    late = cells.filter(pl.col("window") >= test)
    who = f"{plural(containers, 'container')} of {plural(groups, 'workload')} on {plural(hosts, 'host')}"
    return (
        f"{who}, active for {_hours(cells, every):.1f} hours together;"
        f" the last {_hours(late, every):.1f} are to be scored"
    )


def _budget(cells: pl.DataFrame, every: Window, test: dt.datetime) -> str:
    """Say from which budget on the time that is scored lets expect one false finding."""
    days = _hours(cells.filter(pl.col("window") >= test), every) / _DAY
    if days >= 1:
        return f"budgets from {number(1 / days, '.2g')} false findings per container-day on can be checked"
    first, last = cells.select(first=pl.col("window").min(), last=pl.col("window").max()).row(0)
    an_hour = _hours(cells, every) / ((last - first + every.length) / _HOUR)
    missing = (_DAY / JUDGED - _hours(cells, every)) / an_hour
    return (
        f"budgets below {number(1 / days, '.2g')} false findings per container-day cannot be checked yet; for"
        f" 1 a day collect {number(missing, '.2g')} hours more like these"
    )


def _learnt(cells: pl.DataFrame, every: Window, calibrate: dt.datetime) -> str | None:
    """Name the peer groups that are hardly known when learning ends."""
    early = cells.filter(pl.col("window") < calibrate)
    known = early.group_by("peers").agg(hours=pl.len() * (every.length / _HOUR))
    groups = cells.select("peers").unique().join(known, on="peers", how="left").fill_null(0.0)
    young = groups.filter(pl.col("hours") < _IMMATURE).sort("hours", "peers")
    if young.is_empty():
        return None
    named = ", ".join(
        f"{visible(name)} ({hours * 60:.0f} min)" for name, hours in young.head(_MOST_NAMED).rows()
    )
    return f"hardly known when learning ends, so that they lean on the fleet: {named}{_more(young.height)}"


def _peers(cells: pl.DataFrame) -> str | None:
    """Name the peer groups of one container: nobody does what a roll-out of theirs does."""
    sizes = cells.group_by("peers").agg(n=pl.col("container_id").n_unique())
    single = sizes.filter(pl.col("n") == 1).sort("peers")["peers"].to_list()
    if not single:
        return None
    named = ", ".join(visible(name) for name in single[:_MOST_NAMED])
    return f"of one container each, so that a roll-out looks strange: {named}{_more(len(single))}"


def _unseen(seen: pl.DataFrame) -> str | None:
    """Name the families of containers' features that have nothing to look at."""
    containers = seen.filter(~pl.col("family").str.starts_with("audit"))
    if (containers["supported"] == "no").all():
        return None
    blind = containers.filter(pl.col("supported") == "no").select("family", "why_not").rows()
    named = "; ".join(f"{family} ({visible(str(why))})" for family, why in blind)
    return f"features that have nothing to look at: {named}" if named else None


def _lost(capture: Capture) -> list[str]:
    manifest = capture.manifest
    counts = {"lost by the sensor": manifest.lost, "could not be read": manifest.rejected}
    return [
        f"{count:,} records {what}: rtml capture check says more" for what, count in counts.items() if count
    ]


def _more(count: int) -> str:
    return f" and {count - _MOST_NAMED} more" if count > _MOST_NAMED else ""
