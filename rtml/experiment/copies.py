"""A capture with other events: written whole, with a manifest and processes that fit them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from rtml.captures import Capture
from rtml.captures.manifest import Container, LostInterval, Manifest
from rtml.captures.processes import process_images
from rtml.captures.write import write_capture
from rtml.schema import REJECTS, conform, empty

__all__ = ["write_copy"]


def write_copy(capture: Capture, events: pl.DataFrame, out: Path, lost: Sequence[LostInterval] = ()) -> Path:
    """Write ``events`` as a capture beside ``capture``, whose facts it keeps as far as they hold.

    Parameters
    ----------
    capture
        What the events came from.
    events
        Columns of `rtml.schema.EVENTS`; audit events are left out, as their table is not copied.
    out
        New folder.
    lost
        What the manifest says was lost, besides what was lost before.

    Returns
    -------
    ``out``. Processes are derived from the events again: what was not seen is not known.
    """
    kept = conform(events).filter(pl.col("kind").cast(pl.String) != "audit").sort("time", "seq")
    write_capture(out, _manifest(capture.manifest, kept, lost), kept, process_images(kept), empty(REJECTS))
    return out


def _manifest(old: Manifest, events: pl.DataFrame, lost: Sequence[LostInterval]) -> Manifest:
    kinds = Counter(events["kind"].cast(pl.String).to_list())
    losses = [*old.lost_intervals, *lost]
    return old.model_copy(
        update={
            "containers": _containers(old, events),
            "start": events["time"].min(),
            "end": events["time"].max(),
            "events": events.height,
            "audit": 0,
            "audit_earlier": 0,
            "kinds": dict(sorted(kinds.items(), key=lambda item: (-item[1], item[0]))),
            "lost": old.lost + sum(loss.count for loss in lost),
            "lost_intervals": losses,
        }
    )


def _containers(old: Manifest, events: pl.DataFrame) -> list[Container]:
    """Return the facts of the containers that are left; one with a new id has those of its events."""
    known = {container.container_id: container for container in old.containers}
    rows = events.with_columns(
        pl.col("container_id", "image", "host", "workload").cast(pl.String)
    ).drop_nulls("container_id")
    seen = rows.group_by("container_id").agg(
        pl.col("image", "host", "workload").drop_nulls().first(),
        first_seen=pl.col("time").min(),
        last_seen=pl.col("time").max(),
        events=pl.len(),
    )
    found = []
    for row in seen.sort("container_id").iter_rows(named=True):
        changed = {name: row[name] for name in ("first_seen", "last_seen", "events")}
        one = known.get(row["container_id"])
        found.append(Container(**row) if one is None else one.model_copy(update=changed))
    return found
