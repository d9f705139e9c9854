"""Batches of one client, read together by the sensor that wrote them, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

import numpy as np
import polars as pl

from rtml.captures.following.blocks import BlockReader, refused
from rtml.captures.sensors import Reading
from rtml.schema import empty
from rtml.serving.journal import Batch, Outcome
from rtml.serving.policy import Where
from rtml.serving.refusing import Refusal, shown

__all__ = ["NAME", "read"]

NAME = "http"
"""Name of the input in manifests and rejects."""


def read(
    reader: BlockReader, batches: Sequence[Batch], where: Where, line: int
) -> tuple[Reading, list[Outcome]]:
    """Read batches as one block that begins at ``line``.

    Events of which the sensor does not say the account or the cluster get those of ``where``.

    Raises
    ------
    Refusal
        403: an event names another account or cluster than ``where``; nothing of the block is taken.
    """
    raw = b"".join(batch.raw for batch in batches)
    reading = _stamped(_read(reader, raw, line), where)
    return reading, _outcomes(reading.rejects, batches, line)


def _read(reader: BlockReader, raw: bytes, line: int) -> Reading:
    """Read lines; what no reader is made for is refused as a whole, and stops nobody else."""
    try:
        reading = reader.read(raw, NAME, line)
    except Exception as error:
        return refused(raw, NAME, line, f"cannot be read: {type(error).__name__}")
    except BaseException as error:  # a panic of Polars is no Exception
        if type(error).__name__ != "PanicException":
            raise
        return refused(raw, NAME, line, "cannot be read: PanicException")
    return reading or Reading(events=empty(), rejects=refused(b"", NAME, line, "").rejects, records=0)


def _stamped(reading: Reading, where: Where) -> Reading:
    events = reading.events
    for column, name in (("account", where.account), ("cluster", where.cluster)):
        if name is None or events.is_empty():
            continue
        if column in events.columns:
            named = pl.col(column).cast(pl.String)
            others = events.select(named.filter(named != name).unique().sort()).to_series()
            if others.len():
                hint = f"this batch is for {shown(name)}; nothing of it was taken"
                raise Refusal(403, f"events name the {column} {shown(str(others[0]))}, {hint}")
        events = events.with_columns(pl.lit(name).alias(column))
    return replace(reading, events=events)


def _outcomes(rejects: pl.DataFrame, batches: Sequence[Batch], line: int) -> list[Outcome]:
    """Give every reject to the batch in whose lines it is."""
    heights = [batch.raw.count(b"\n") for batch in batches]
    ends = np.array(list(accumulate(heights, initial=line)))[1:]
    of = np.searchsorted(ends, rejects["line"].to_numpy()).clip(0, len(batches) - 1)
    counts = rejects.select("reason", batch=pl.Series(of)).group_by("batch", "reason").len()
    reasons: list[dict[str, int]] = [{} for _ in batches]
    for number, reason, n in counts.sort("batch", "len", "reason", descending=[False, True, False]).rows():
        reasons[number][reason] = n
    return [
        Outcome(lines=height, rejected=sum(own.values()), reasons=own, digest=batch.digest)
        for batch, height, own in zip(batches, heights, reasons, strict=True)
    ]
