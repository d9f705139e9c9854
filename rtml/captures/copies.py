"""Files that hold the records of another, however either is packed: all of them would count twice."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from rtml.captures.sensors import Reading
from rtml.errors import UsageError
from rtml.schema import REJECTS

__all__ = ["refuse_copies", "without_copies"]


def refuse_copies(inputs: Sequence[Path], readings: Sequence[Reading]) -> None:
    """Refuse files that were named although another one holds the same records.

    Raises
    ------
    UsageError
        Names the copy and what it is a copy of.
    """
    for copy, original in _copies(readings).items():
        raise UsageError(f"{inputs[copy]}: holds the same records as {inputs[original]}; name one of them")


def without_copies(inputs: Sequence[Path], readings: Sequence[Reading]) -> list[Reading]:
    """Empty the readings of copies, for files that nobody named one by one; their records are counted."""
    kept = list(readings)
    for copy, original in _copies(readings).items():
        reading, what = (
            readings[copy],
            f"{inputs[copy].name} holds the same records as {inputs[original].name}",
        )
        kept[copy] = replace(
            reading,
            events=reading.events.clear(),
            rejects=REJECTS.to_frame(),
            audit=None if reading.audit is None else reading.audit.clear(),
            records=0,
            lost=(),
            beside={what: reading.records},
        )
    return kept


def _copies(readings: Sequence[Reading]) -> dict[int, int]:
    """Return the place of each copy with that of its original."""
    alike: dict[tuple[object, ...], list[int]] = {}
    for i, reading in enumerate(readings):
        if reading.events.height > 1:  # one event may well be written twice
            first = reading.events.select(pl.col("time").dt.epoch("ns").min()).item()
            alike.setdefault((reading.records, reading.rejects.height, first), []).append(i)
    pairs = (pair for places in alike.values() for pair in itertools.combinations(places, 2))
    found: dict[int, int] = {}
    for i, j in pairs:
        if i not in found and _same(readings[i].events, readings[j].events):
            found |= {j: i} if _same(readings[i].audit, readings[j].audit) else {}
    return found


def _same(one: pl.DataFrame | None, other: pl.DataFrame | None) -> bool:
    return one is other is None or (one is not None and other is not None and one.equals(other))
