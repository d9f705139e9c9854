"""Training windows whose baseline has never seen them.

A baseline that has counted an event finds it usual, so windows featured with it look calmer than
any window to come, and a detector trained on them raises alarms at ordinary novelty. Here the
training time is cut into blocks; block k is featured with what the blocks before it taught.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from itertools import pairwise

import polars as pl

from rtml.baselines import Baseline, merge
from rtml.errors import UsageError
from rtml.features.contract import Family
from rtml.features.reader import OwnReader, Piece, Reader
from rtml.features.source import Source
from rtml.features.windows import schema

__all__ = ["blocks_of", "pieces_of", "prequential_windows"]

_UTC = pl.Datetime("ns", "UTC")


def pieces_of(
    source: Source, blocks: int, start: dt.datetime | None = None, end: dt.datetime | None = None
) -> list[Piece]:
    """Cut ``start <= time < end`` into at most ``blocks`` spans of equal length, at borders of windows."""
    if blocks < 2:
        raise UsageError(f"blocks is {blocks}; at least 2 are needed: the first is only learnt")
    window = source.window
    events = source.between(start, end).events
    span = events.select(window.min().alias("first"), window.max().alias("last")).collect()
    first, last = span.select(pl.all().to_physical()).row(0)
    if first is None:
        return []
    step = source.every.nanoseconds
    number = (last - first) // step + 1
    cuts = sorted({first + step * (number * k // blocks) for k in range(blocks)})
    edges: list[dt.datetime | None] = pl.Series(cuts[1:]).cast(pl.Int64).cast(_UTC).to_list()
    return [Piece(*pair) for pair in pairwise([start, *edges, end])]


def blocks_of(source: Source, blocks: int) -> list[Source]:
    """Return the `pieces_of` a source."""
    return [piece.of(source) for piece in pieces_of(source, blocks)]


def prequential_windows(
    source: Source,
    families: Mapping[str, Family],
    blocks: int,
    *,
    beyond_peers: bool = False,
    reader: Reader | None = None,
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
) -> tuple[pl.DataFrame, Baseline]:
    """Feature each block with the baseline of the blocks before it; return the full baseline too.

    The first block has nothing before it: it is learnt from and has no windows.

    Parameters
    ----------
    source, families
        What features are made of.
    blocks
        See `pieces_of`.
    beyond_peers
        See `rtml.features.pairs.gather`; a ``reader`` knows it.
    reader
        Who reads; None: this process.
    start, end
        Only events with ``start <= time < end``.
    """
    place = ["container_id", "window", *(["process_id"] if source.unit == "tree" else [])]
    reader = reader or OwnReader(source, families, beyond_peers)
    pieces, baseline = pieces_of(source, blocks, start, end), Baseline()

    def compared() -> Iterator[tuple[Piece, Baseline]]:
        nonlocal baseline
        for piece, taught in zip(pieces, reader.learn(pieces), strict=True):
            if not baseline.empty:
                yield piece, baseline
            baseline = merge(baseline, taught)

    rows = reader.assemble(compared())
    tables = [pl.DataFrame(schema=schema(families.values(), source.unit)), *rows]
    return pl.concat(tables).sort(place), baseline
