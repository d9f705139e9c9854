"""Which process an evidence event belongs to: what makes a finding's attack more than a time."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rtml.captures import Capture
from rtml.evaluation import Side

__all__ = ["evidence_of"]


def evidence_of(capture: Capture, sides: Sequence[Side]) -> pl.DataFrame:
    """Look up ``host, seq, process_id, time`` of the events that the sides' findings name."""
    named = pl.concat([side.findings.select("evidence") for side in sides])
    keys = named.explode("evidence").drop_nulls().unnest("evidence").unique()
    events = capture.events(["host", "seq", "process_id", "time"]).with_columns(
        pl.col("host").cast(pl.String)
    )
    return events.join(keys.lazy(), on=["host", "seq"], how="semi").collect().sort("host", "seq")
