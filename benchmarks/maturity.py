"""``python -m benchmarks.maturity``: what baselines said of the unseen, held against what came later.

Sittings 1 and 2 of the shipped recording, each learnt from its beginning for some minutes; sitting 2 without
its attacks, sitting 3 is not read. Of every peer group and conditional: did the share of later events that
were new lie below the upper end of `rtml.baselines.maturity`? Beside it, what Good and Turing say of events
as if they were independent draws.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import polars as pl
from rich.console import Console
from rich.table import Table

from benchmarks.budgets import at
from rtml import baselines
from rtml.baselines import Baseline
from rtml.baselines.groups import grouped
from rtml.baselines.maturity import MATURE
from rtml.captures import open_capture
from rtml.features.families import families_of
from rtml.features.source import Source, open_source

REPLAYS = "datasets/replays-v1"
SITTINGS = (("1", "10:00", "10:20"), ("2", "10:21", "10:51"))
MINUTES = (2, 5, 10, 15, 20)
SPECIES = ["family", "group", "subject", "key"]
_GROUP = ["family", "group"]


def without_attacks() -> Source:
    """Return the recording without the trees of its labelled attacks."""
    labels = pl.read_parquet(f"{REPLAYS}/labels.parquet")
    roots = labels.select("host", root_id="process_id").drop_nulls()
    return open_source(open_capture(f"{REPLAYS}/capture")).without(roots)


def learnt(source: Source, start: dt.datetime, end: dt.datetime) -> Baseline:
    """Learn a stretch of time."""
    conditionals = [one for family in families_of(None).values() for one in family.conditionals]
    part = source.between(start, end)
    return baselines.learn(part.events, part.processes, conditionals, part.peers)


def held(before: Baseline, after: Baseline) -> pl.DataFrame:
    """Return maturity before, with the ``share`` of events after it that were new."""
    known, later = (
        grouped(part.counts)
        .filter(pl.col("family") != "population")
        .group_by(SPECIES)
        .agg(pl.col("count").sum())
        for part in (before, after)
    )
    marked = later.join(known.select(*SPECIES, known=True), on=SPECIES, how="left", nulls_equal=True)
    new = pl.col("count").filter(pl.col("known").is_null()).sum() / pl.col("count").sum()
    independent = known.group_by(_GROUP).agg(
        once=(pl.col("count") == 1).sum(), twice=(pl.col("count") == 2).sum()
    )
    table = before.maturity().drop("once").join(marked.group_by(_GROUP).agg(share=new), on=_GROUP)
    n, once = pl.col("events"), pl.col("once")
    half = 1.96 * (once * (1 - once / n) + 2 * pl.col("twice")).sqrt() / n
    naive = pl.max_horizontal(once / n + half, 3 / n)
    return table.join(independent, on=_GROUP).with_columns(as_draws=naive)


def _rows(source: Source) -> Iterator[tuple[str, ...]]:
    for sitting, begin, end in SITTINGS:
        for minutes in MINUTES:
            middle = at(begin) + dt.timedelta(minutes=minutes)
            if middle + dt.timedelta(minutes=5) > at(end):
                continue
            table = held(learnt(source, at(begin), middle), learnt(source, middle, at(end)))
            mature = table.filter("mature")
            yield (
                f"sitting {sitting}, {minutes} min",
                str(table.height),
                *(f"{table.filter(pl.col('share') <= pl.col(name)).height}" for name in ("high", "as_draws")),
                f"{table['high'].median():.1%}",
                f"{mature.filter(pl.col('share') <= MATURE).height} of {mature.height}",
            )


def main() -> None:
    """Print how often the upper end held."""
    columns = ("learnt", "groups", "held", "as draws", "upper end (median)", "mature, and right")
    table = Table(*columns, box=None, pad_edge=False)
    for row in _rows(without_attacks()):
        table.add_row(*row)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
