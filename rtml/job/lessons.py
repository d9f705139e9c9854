"""Shards of a training: what some containers teach, and their rows of features, read anywhere."""

from __future__ import annotations

import io
import os.path
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from rtml import features
from rtml.baselines import Baseline
from rtml.captures import Capture
from rtml.captures.in_scope import InScope
from rtml.captures.joining import JoinedCapture
from rtml.captures.leaving_out import PartialCapture
from rtml.features.held import columns_of
from rtml.features.reader import OwnReader, Piece
from rtml.features.source import Source

__all__ = ["HELD", "Lesson", "anywhere", "read_lesson"]

HELD = 2_000_000
"""Events of a shard up to which each piece of it is read once and held in memory."""


@dataclass(frozen=True)
class Lesson:
    """A shard of a training, in words that any process understands.

    ``baselines``: for each piece the name of the history that its rows are compared with, below the folder
    ``model``; none: the pieces are learnt. ``digest`` tells folders apart.
    """

    capture: Capture
    every: str
    families: tuple[str, ...]
    containers: tuple[str, ...]
    pieces: tuple[Piece, ...]
    baselines: tuple[str, ...]
    events: int
    digest: str
    model: str = ""
    cache: str = ""


def read_lesson(task: Lesson) -> dict[str, bytes]:
    """Return a Parquet file per piece, by its number: counts of a baseline, or rows of features."""
    own = features.families_of(task.families)
    reader = OwnReader(_source(task), own, columns=tuple(columns_of(own)) if task.events <= HELD else ())
    if not task.baselines:
        tables = [baseline.counts for baseline in reader.learn(task.pieces)]
    else:
        known = (Baseline.load(Path(task.model) / name) for name in task.baselines)
        tables = list(reader.assemble(zip(task.pieces, known, strict=True)))
    return {str(number): _packed(table) for number, table in enumerate(tables)}


def _source(task: Lesson) -> Source:
    given = features.source_of(task.capture, None, task.every, task.families, "tree")
    inside = pl.col("container_id").is_in(list(task.containers))
    return replace(given, events=given.events.filter(inside), identity=given.identity.filter(inside))


def anywhere(capture: Capture) -> Capture:
    """Return the same capture by its whole path, without what this process has read of it.

    Parameters
    ----------
    capture
        One, several as one, or part of one.
    """
    if isinstance(capture, JoinedCapture):
        return replace(capture, parts=tuple(map(anywhere, capture.parts)))
    if isinstance(capture, PartialCapture | InScope) and capture.whole is not None:
        return replace(capture, whole=anywhere(capture.whole))
    return capture if "://" in capture.path else replace(capture, path=os.path.abspath(capture.path))


def _packed(table: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()
