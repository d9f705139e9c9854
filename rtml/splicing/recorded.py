"""What in a capture belongs to its attacks: rows of their process trees in their containers."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rtml.captures.joining import JoinedCapture
from rtml.captures.store import Capture
from rtml.schema import REJECTS, empty

__all__ = ["Recorded", "read_recorded", "read_rejects"]


@dataclass(frozen=True)
class Recorded:
    """A capture in memory; ``own_events`` and ``own_images`` are rows of the attacks."""

    events: pl.DataFrame
    images: pl.DataFrame
    labels: pl.DataFrame
    own_events: pl.DataFrame
    own_images: pl.DataFrame


def read_recorded(capture: Capture, labels: pl.DataFrame, trees: pl.DataFrame) -> Recorded:
    """Read a capture and pick out what its recorded (not spliced) attacks did.

    Parameters
    ----------
    capture, labels
        The capture and all its labels.
    trees
        ``attack_id, process_id``: the processes of each attack.
    """
    recorded_labels = labels.filter(pl.col("provenance").ne_missing("spliced"))
    home = recorded_labels.select("attack_id", "container_id").join(trees, on="attack_id")
    events, images = capture.events().collect(), capture.processes().collect()
    keys = ["process_id", "container_id"]
    rows = events.with_columns(pl.col("container_id").cast(pl.String))
    return Recorded(
        events=events,
        images=images,
        labels=recorded_labels,
        own_events=rows.join(home, on=keys, maintain_order="left"),
        own_images=images.join(home, on=keys, maintain_order="left"),
    )


def read_rejects(capture: Capture) -> pl.DataFrame:
    """Return the refused input lines of a capture; none where it has no such file."""
    parts = capture.parts if isinstance(capture, JoinedCapture) else (capture,)
    return pl.concat([empty(REJECTS), *(part.rejects() for part in parts)])
