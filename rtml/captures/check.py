"""Is a capture what its manifest says? Every promise of the format is looked at."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from rtml.captures.store import Capture
from rtml.errors import RtmlError
from rtml.schema import KINDS

__all__ = ["Check", "check_capture"]


class Check(NamedTuple):
    """One promise: its name, whether it holds, what was found, whether breaking it is damage."""

    name: str
    ok: bool
    found: str
    grave: bool = True


def check_capture(capture: Capture) -> list[Check]:
    """Read the whole capture once and compare it with its manifest.

    Returns
    -------
    One row per promise, in a fixed order.

    Raises
    ------
    RtmlError
        A part cannot be read at all (cut off, not Parquet); the message names the capture.
    """
    manifest = capture.manifest
    kind = pl.col("kind").cast(pl.String)
    has_process = pl.col("process_id").is_not_null()
    query = capture.events().select(
        events=pl.len(),
        start=pl.col("time").min(),
        end=pl.col("time").max(),
        no_time=pl.col("time").null_count(),
        odd_kind=(~kind.is_in(KINDS)).sum(),
        twice=pl.len() - pl.struct("host", "seq").n_unique(),
        nameless=(pl.col("pid").is_not_null() & ~has_process).sum(),
        containers=pl.col("container_id").drop_nulls().n_unique(),
        empty_text=(pl.col("exe").cast(pl.String) == "").sum() + (pl.col("path") == "").sum(),
    )
    try:
        found = query.collect(engine="streaming").row(0, named=True)
    except (pl.exceptions.PolarsError, OSError) as error:
        first = str(error).splitlines()[0]
        raise RtmlError(f"{capture.path}: a part cannot be read ({first})") from error
    span = f"{found['start']} … {found['end']}"
    return [
        *_audit(capture),
        _processes(capture),
        _kinds(capture),
        _same("events", found["events"], manifest.events),
        _same("containers", found["containers"], len(manifest.containers)),
        _same("events by kind", manifest.events, sum(manifest.kinds.values())),
        Check("every event has a time", found["no_time"] == 0, span),
        _none("events of an unknown kind", found["odd_kind"]),
        _none("host and seq used twice", found["twice"]),
        _none("events with a pid but no process", found["nameless"]),
        _none("empty strings where null belongs", found["empty_text"]),
        Check("sensor lost no events", manifest.lost == 0, f"{manifest.lost:,} lost", False),
        Check("no input line refused", manifest.rejected == 0, f"{manifest.rejected:,} rejected", False),
    ]


def _audit(capture: Capture) -> list[Check]:
    """Every audit event has its row of the audit table; stages and copies are only told."""
    if not capture.manifest.audit and "audit" not in capture.manifest.kinds:
        return []
    try:
        rows = capture.audit().select("host", "seq", "final").collect()
        events = capture.events(["host", "seq"], kinds=["audit"]).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        first = str(error).splitlines()[0]
        raise RtmlError(f"{capture.path}: the audit table cannot be read ({first})") from error
    events = events.with_columns(pl.col("host").cast(pl.String))
    lonely = events.join(rows, on=["host", "seq"], how="anti").height
    earlier = capture.manifest.audit_earlier
    return [
        _same("audit rows", rows.height, capture.manifest.audit),
        _same("audit rows of earlier stages or copies", int((~rows["final"]).sum()), earlier),
        _none("audit events without a row", lonely),
    ]


def _processes(capture: Capture) -> Check:
    """Every process of an event has its row, from which rules take its ancestry."""
    events = capture.events(["process_id"]).drop_nulls().unique()
    try:
        images = capture.processes().collect()
        lonely = events.join(images.lazy(), on="process_id", how="anti").collect(engine="streaming").height
    except (pl.exceptions.PolarsError, OSError) as error:
        first = str(error).splitlines()[0]
        raise RtmlError(f"{capture.path}: the process table cannot be read ({first})") from error
    return _none("processes of events without a row", lonely)


def _kinds(capture: Capture) -> Check:
    """Hold the events of each kind against the manifest."""
    counted = capture.events(["kind"]).group_by(pl.col("kind").cast(pl.String)).len()
    found = dict(counted.collect(engine="streaming").iter_rows())
    told = capture.manifest.kinds
    odd = sorted(str(kind) for kind in {*found, *told} if found.get(kind, 0) != told.get(kind, 0))
    shown = ", ".join(f"{kind} {found.get(kind, 0):,} of {told.get(kind, 0):,}" for kind in odd[:3])
    return Check("kinds are those of the manifest", not odd, shown or f"{len(found)} kinds")


def _same(name: str, found: int, told: int) -> Check:
    return Check(name, found == told, f"{found:,} found, {told:,} in the manifest")


def _none(name: str, found: int) -> Check:
    return Check(f"no {name}", found == 0, f"{found:,} found")
