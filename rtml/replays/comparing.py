"""What each sensor of one sitting saw: events by kind, containers, attacks of which all was seen.

Labels are shared: an attack is a container and a stretch of time, whoever watches. The root process is the
one of bpftrace's capture, so for the others the label has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from rtml.captures import Capture, import_capture, open_capture
from rtml.evaluation.origins import origin
from rtml.replays.contract import Attack
from rtml.replays.quality import missing_events

__all__ = ["seen_by", "seen_in"]


def seen_by(
    out: Path, logs: Mapping[str, Path], labels: pl.DataFrame, attacks: Mapping[str, Attack]
) -> dict[str, dict[str, Any]]:
    """Import the logs of other sensors beside the recording, and count what each sensor saw.

    Parameters
    ----------
    out
        The recording: ``capture`` is bpftrace's, ``capture-NAME`` is made for each log.
    logs
        File by name of the sensor.
    labels
        Labels of the recording.
    attacks
        The catalogue, for what is expected.
    """
    told = {"bpftrace": seen_in(open_capture(out / "capture"), labels, attacks)}
    shared = labels.with_columns(process_id=pl.lit(None, pl.Int64))
    for name, path in logs.items():
        import_capture(name, [path], out / f"capture-{name}")
        told[name] = seen_in(open_capture(out / f"capture-{name}"), shared, attacks)
    return told


def seen_in(capture: Capture, labels: pl.DataFrame, attacks: Mapping[str, Attack]) -> dict[str, Any]:
    """Count events by kind, containers named, events lost and refused, and attacks that were seen whole."""
    kinds = capture.events(["kind"]).group_by(pl.col("kind").cast(pl.String)).len().sort("kind").collect()
    lacking = missing_events(capture, labels, attacks) if labels.height else {}
    whole = sorted(set(labels.select(attack=origin(labels))["attack"]) - set(lacking))
    return {
        "events": dict(kinds.iter_rows()),
        "containers": capture.containers().height,
        "lost": capture.manifest.lost,
        "refused": capture.manifest.rejected,
        "attacks_seen": whole,
        "attacks_lacking": lacking,
    }
