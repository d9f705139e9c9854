"""Is a capture what its manifest says? Every promise of the format is looked at."""

from __future__ import annotations

from typing import Any, NamedTuple

import polars as pl

from rtml.captures.decoding import naming_parts
from rtml.captures.manifest import Manifest, unclear_ids
from rtml.captures.store import Capture
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
        A part cannot be read at all (cut off, damaged, not Parquet); the message names it.
    """
    manifest, totals = capture.manifest, _totals(capture)
    span = f"{totals['start']} … {totals['end']}"
    return [
        *_audit(capture),
        _processes(capture),
        _kinds(capture),
        _same("events", totals["events"], manifest.events),
        _same("containers", totals["containers"], len(manifest.containers)),
        _same("events by kind", manifest.events, sum(manifest.kinds.values())),
        Check("every event has a time", totals["no_time"] == 0, span),
        _none("events of an unknown kind", totals["odd_kind"]),
        _none("host and seq used twice", totals["twice"]),
        _none("events with a pid but no process", totals["nameless"]),
        _none("empty strings where null belongs", totals["empty_text"]),
        _clear(manifest),
        Check("sensor lost no events", manifest.lost == 0, f"{manifest.lost:,} lost", False),
        Check(
            "no row came too late to be put in order", manifest.late == 0, f"{manifest.late:,} late", False
        ),
        Check("no input line refused", manifest.rejected == 0, f"{manifest.rejected:,} rejected", False),
    ]


def _clear(manifest: Manifest) -> Check:
    """Tell of short ids that begin several containers' ids; their events are of neither of these."""
    found = unclear_ids(manifest)
    return Check("no container id fits several", not found, found.get("unclear ids", "0"), False)


def _totals(capture: Capture) -> dict[str, Any]:
    """Count, in one pass over the events, what the promises are about."""
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
    with naming_parts(capture.path, "a part"):
        return query.collect(engine="streaming").row(0, named=True)


def _audit(capture: Capture) -> list[Check]:
    """Every audit event has its row of the audit table; stages and copies are only counted."""
    if not capture.manifest.audit and "audit" not in capture.manifest.kinds:
        return []
    with naming_parts(capture.path, "the audit table"):
        rows = capture.audit().select("host", "seq", "final").collect()
        events = capture.events(["host", "seq"], kinds=["audit"]).collect()
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
    with naming_parts(capture.path, "the process table"):
        images = capture.processes().collect()
        lonely = events.join(images.lazy(), on="process_id", how="anti").collect(engine="streaming").height
    return _none("processes of events without a row", lonely)


def _kinds(capture: Capture) -> Check:
    """Hold the events of each kind against the manifest."""
    counted = capture.events(["kind"]).group_by(pl.col("kind").cast(pl.String)).len()
    with naming_parts(capture.path, "a part"):
        present = dict(counted.collect(engine="streaming").iter_rows())
    promised = capture.manifest.kinds
    odd = sorted(str(kind) for kind in {*present, *promised} if present.get(kind, 0) != promised.get(kind, 0))
    shown = ", ".join(f"{kind} {present.get(kind, 0):,} of {promised.get(kind, 0):,}" for kind in odd[:3])
    return Check("kinds are those of the manifest", not odd, shown or f"{len(present)} kinds")


def _same(name: str, count: int, promised: int) -> Check:
    return Check(name, count == promised, f"{count:,} found, {promised:,} in the manifest")


def _none(name: str, count: int) -> Check:
    return Check(f"no {name}", count == 0, f"{count:,} found")
