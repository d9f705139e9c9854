"""Training windows whose baseline has never seen them.

A baseline that has counted an event finds it usual, so windows featured with it look calmer than
any window to come, and a detector trained on them raises alarms at ordinary novelty. Here the
training time is cut into blocks; block k is featured with what the blocks before it taught.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from rtml.baselines import Baseline, learn, merge
from rtml.errors import UsageError
from rtml.features.contract import Family
from rtml.features.source import Source
from rtml.features.windows import assemble, schema
from rtml.progress import steps

__all__ = ["blocks_of", "prequential_windows"]

_UTC = pl.Datetime("ns", "UTC")


def blocks_of(source: Source, blocks: int) -> list[Source]:
    """Cut a source into at most ``blocks`` spans of equal length, at borders of windows."""
    if blocks < 2:
        raise UsageError(f"blocks is {blocks}; at least 2 are needed: the first is only learnt")
    window = source.window
    span = source.events.select(window.min().alias("first"), window.max().alias("last")).collect()
    first, last = span.select(pl.all().to_physical()).row(0)
    if first is None:
        return []
    step = source.every.nanoseconds
    number = (last - first) // step + 1
    cuts = sorted({first + step * (number * k // blocks) for k in range(blocks)})
    edges: list[dt.datetime | None] = pl.Series(cuts[1:]).cast(pl.Int64).cast(_UTC).to_list()
    return [source.between(*pair) for pair in zip([None, *edges], [*edges, None], strict=True)]


def prequential_windows(
    source: Source, families: Mapping[str, Family], blocks: int, *, beyond_peers: bool = False
) -> tuple[pl.DataFrame, Baseline]:
    """Feature each block with the baseline of the blocks before it; return the full baseline too.

    The first block has nothing before it: it is learnt from and has no windows.
    """
    place = ["container_id", "window", *(["process_id"] if source.unit == "tree" else [])]
    conditionals = [conditional for family in families.values() for conditional in family.conditionals]
    baseline, tables = Baseline(), [pl.DataFrame(schema=schema(families.values(), source.unit))]
    for block in steps(blocks_of(source, blocks), "baseline", "blocks"):
        if not baseline.empty:
            tables.append(assemble(block, baseline, families, beyond_peers=beyond_peers))
        learnt = learn(block.events, block.processes, conditionals, block.peers)
        baseline = merge(baseline, learnt)
    return pl.concat(tables).sort(place), baseline
