"""The track of a capture: what sides are judged against, made the same way for every command."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from rtml.captures import Capture
from rtml.evaluation import Side, Track, evidence_processes, make_track
from rtml.evaluation.activity import activity
from rtml.evaluation.attack_events import with_attack_events
from rtml.splits import Split, borders
from rtml.times import Window

__all__ = ["track_of"]


def track_of(
    capture: Capture,
    windows: pl.DataFrame,
    labels: pl.DataFrame,
    sides: Sequence[Side],
    every: Window,
    *,
    split: Split | None = None,
    begins: dt.datetime | None = None,
    seed: int = 0,
) -> Track:
    """Return the track of a capture, with what its events say of findings, activity and attacks.

    Parameters
    ----------
    windows, labels, every, split, seed
        See `rtml.evaluation.track.make_track`.
    sides
        Whose evidence is looked up among the events.
    begins
        Without a split: from when on is judged; null: all of the time.
    """
    processes = capture.processes().collect()
    track = make_track(
        windows,
        labels,
        processes,
        evidence_processes((side.findings for side in sides), capture.events()),
        split,
        every,
        seed=seed,
        test=None if begins is None else (begins, borders(capture, every)[1]),
        active=activity(capture.events(), processes, every),
        containers=capture.containers(),
    )
    return with_attack_events(track, capture.events())
