"""Which processes have ended so long ago that nothing more is expected of them: they need no memory.

A process leaves when its exit was seen (or another has its pid), and `GRACE` has passed in the log's own
time, or when nothing was heard of it for `SILENT`. It stays while a descendant stays, while an earlier
process of its pid does, and when it is the first of its container: by that one lineage is told. Whatever
later says something of it brings it back (`rtml.captures.following.returning`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import polars as pl

from rtml.captures.processes import BY_TIME
from rtml.captures.roots import inits_of

__all__ = ["GRACE", "SILENT", "hidden_leaving", "leaving"]

GRACE = dt.timedelta(seconds=30)
"""How long after its last event an ended process stays: every commit looks at all that stay."""

SILENT = dt.timedelta(hours=1)
"""How long a process stays of which nothing is heard; also what a host may lag behind the others: a day."""

_DAY = dt.timedelta(days=1)
_UTC = pl.Datetime("ns", "UTC")


def clock(until: Mapping[str, int]) -> pl.Expr:
    """Return how far the host of a row is; one that is silent goes on a day behind the furthest.

    Parameters
    ----------
    until
        Microseconds since 1970 up to which the rows of each host are settled.
    """
    behind = max(until.values()) - _DAY // dt.timedelta(microseconds=1)
    at = {host: max(time, behind) * 1000 for host, time in until.items()}
    host = pl.col("host").fill_null("")
    return host.replace_strict(at, default=behind * 1000, return_dtype=pl.Int64).cast(_UTC)


def leaving(images: pl.DataFrame, heard: pl.DataFrame, until: Mapping[str, int]) -> pl.Series:
    """Return the processes that leave.

    Parameters
    ----------
    images
        Process images of all that stayed so far.
    heard
        ``unit, last``: when something was last heard of a process.
    until
        As for `clock`.
    """
    firsts = ("host", "pid", "parent_id", "container_id", "since")
    ordered = images.sort(BY_TIME).group_by("process_id", maintain_order=True)
    rows = ordered.agg(pl.col(firsts).first(), ended=pl.col("until").last())
    rows = rows.join(heard.rename({"unit": "process_id"}), on="process_id", how="left", maintain_order="left")
    rows = rows.sort("host", "pid", "since", "process_id").with_row_index("i")
    now, last = clock(until), pl.max_horizontal("last", "since", "ended")
    passed = pl.col("since").shift(-1).over("host", "pid") < now - GRACE
    over = pl.col("ended").is_not_null() | (passed & pl.col("pid").is_not_null())
    old = (over & (last < now - GRACE)) | (last < now - SILENT)
    init = pl.col("process_id").is_in(inits_of(images).implode())
    stays = rows.select(stays=~old.fill_null(False) | init)["stays"]
    kept = _with_those_needed(rows, stays.to_numpy(writable=True))
    return rows["process_id"].filter(pl.Series(~kept))


def _with_those_needed(rows: pl.DataFrame, stays: np.ndarray) -> np.ndarray:
    """Let stay the ancestors of those that stay, and all later ones of a pid."""
    parents = rows.select("process_id", parent="i").rename({"process_id": "parent_id"})
    parent = rows.join(parents, on="parent_id", how="left", maintain_order="left")["parent"]
    child, up = np.flatnonzero(parent.is_not_null().to_numpy()), parent.drop_nulls().to_numpy()
    pid = rows.select("host", "pid", "i")
    later = pl.col("stays").cum_max().over("host", "pid") & pl.col("pid").is_not_null()
    while True:
        before = stays.sum()
        stays[up[stays[child]]] = True
        stays |= pid.with_columns(stays=pl.Series(stays)).select(later)["stays"].to_numpy()
        if stays.sum() == before:
            return stays


def hidden_leaving(
    owners: pl.DataFrame, tables: Mapping[str, pl.DataFrame], images: pl.DataFrame, until: Mapping[str, int]
) -> pl.Series:
    """Return the units without an image of their own that leave: threads, and children that did nothing."""
    hidden = owners.join(images.select(unit="process_id"), on="unit", how="anti")
    facts = tables["processes"].select("key", "host", "first_seen", "born")
    rows = (
        hidden.join(tables["heard"], on="key", how="left")
        .join(facts, on="key", how="left")
        .join(tables["pids"].select("key", last_of_pid=pl.lit(True)), on="key", how="left")
        .group_by("unit", maintain_order=True)
        .agg(pl.col("last").max(), pl.col("first_seen").max(), pl.col("born").max(),
             pl.col("host").drop_nulls().first(), pl.col("last_of_pid").any())
    )  # fmt: skip
    last, now = pl.max_horizontal("last", "first_seen", "born"), clock(until)
    passed = ~pl.col("last_of_pid") & pl.col("first_seen").is_not_null()
    gone = (last < now - SILENT) | (passed & (last < now - GRACE))
    return rows.filter(gone)["unit"]
