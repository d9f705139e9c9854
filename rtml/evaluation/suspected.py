"""All suspicions of a ledger, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rtml.evaluation.suspicions import (
    copied_times,
    incomplete,
    much_labelled,
    suspicious_columns,
    suspicious_score,
    too_easy,
    unsaid,
)
from rtml.evaluation.track import Track
from rtml.evaluation.verdict import Verdict

__all__ = ["suspected"]


def suspected(judged: Sequence[Verdict], track: Track, features: pl.DataFrame | None) -> list[str]:
    """Say what is too good to be true, and refuse findings that were made from labels."""
    proper = [verdict.side for verdict in judged if verdict.side.kind in ("rules", "model", "rival")]
    copied = [text for side in proper for text in copied_times(side.findings, track.labels, side.name)]
    columns = [] if features is None else suspicious_columns(features)
    models = [side for side in proper if side.kind == "model"]
    columns += [text for side in models for text in suspicious_score(side, track.windows)]
    easy = [
        text
        for verdict in judged
        if verdict.side.oracle
        for text in too_easy(
            verdict.average_precision.value,
            verdict.found,
            verdict.false,
            track.labels.height,
            verdict.side.note.split(";")[0],
        )
    ]
    ruled = any(side.kind == "rules" for side in proper)
    return [*copied, *unsaid(track, ruled), *columns, *easy, *incomplete(track), *much_labelled(track)]
