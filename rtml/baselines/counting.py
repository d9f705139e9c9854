"""Counting: from events to the count table, and from two count tables to one.

The table keeps the finest grain, one row per container, so that the number of distinct containers
stays exact when the same container appears in two shards. Merging is a group-by sum and a fold of
what is beyond the room of a region (`rtml.baselines.folding`), hence associative and commutative,
and equal to learning in one go.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from rtml.baselines.coding import shaped, with_text
from rtml.baselines.conditional import Conditional, Selection
from rtml.baselines.folding import folded
from rtml.schema import empty

__all__ = ["COUNTS", "HITS", "POPULATION", "count_cells", "count_events", "count_population", "merge_counts"]

_UTC = pl.Datetime("ns", "UTC")
_NOTHING = pl.lit(None, pl.String)
COUNTS = pl.Schema(
    {
        "family": pl.String(),
        "workload": pl.String(),
        "image": pl.String(),
        "repository": pl.String(),
        "subject": pl.String(),
        "key": pl.String(),
        "region": pl.String(),
        "container": pl.String(),
        "count": pl.Int64(),
        "first_seen": _UTC,
        "last_seen": _UTC,
    }
)
"""The stored table. ``family`` is the name of the conditional, ``image`` the digest if known.
``region`` is where the key is folded when there are too many, null where it never is. What lies between
``first_seen`` and ``last_seen`` tells a key that came in one burst from one that comes again."""

POPULATION = "population"
"""Pseudo-family with one row per container: who was there, even if it did nothing of interest."""

_SUMS = [pl.col("count").sum(), pl.col("first_seen").min(), pl.col("last_seen").max()]
"""How rows become one; each of them merges: whatever the order, whatever the shards."""

_GRAIN = [name for name in COUNTS.names() if name not in ("count", "first_seen", "last_seen")]
HITS = pl.col("count").fill_null(1).clip(0, 2**40)
"""How often an event happened: 1 where the sensor does not aggregate. Sane whatever the input: a
sum of a million such numbers still fits into 64 bits."""


def _tally() -> list[pl.Expr]:
    time = pl.col("time")
    return [HITS.sum().alias("count"), time.min().alias("first_seen"), time.max().alias("last_seen")]


def _finish(rows: pl.DataFrame, family: str, facts: pl.DataFrame) -> pl.DataFrame:
    """Bring rows into the shape of `COUNTS`; containers without facts are dropped."""
    peers = facts.select("container_id", "workload", "image", "repository")
    named = rows.with_columns(pl.col("container_id").cast(pl.String)).join(peers, on="container_id")
    return named.select(
        pl.lit(family).alias("family"),
        "workload",
        "image",
        "repository",
        "subject",
        "key",
        "region",
        pl.col("container_id").alias("container"),
        pl.col("count").cast(pl.Int64),
        "first_seen",
        "last_seen",
    )


def count_cells(selection: Selection, events: pl.LazyFrame, processes: pl.LazyFrame) -> pl.DataFrame:
    """Count the events of a selection per container and distinct raw columns."""
    chosen = selection(events, processes)
    grouped = chosen.group_by("container_id", *selection.by).agg(_tally())
    return grouped.collect(engine="streaming")


def count_events(conditional: Conditional, cells: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Turn the counted cells of its selection into counts of a conditional.

    Parameters
    ----------
    conditional
        What to count.
    cells
        What `count_cells` returned for its selection.
    facts
        Peer columns per container (see `rtml.features.source`); containers that are not in it are
        left out.

    Returns
    -------
    Rows of `COUNTS`, in no particular order.
    """
    pairs, texts = with_text(*shaped(cells, conditional.selection.by), conditional)
    sums = pairs.group_by("container_id", "pair").agg(_SUMS)
    placed = texts.drop("lone").with_columns(region=conditional.region)
    return _finish(sums.join(placed, on="pair"), conditional.name, facts)


def count_population(events: pl.LazyFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Count the events of every container: the denominator of a prevalence."""
    cells = events.group_by("container_id").agg(_tally()).collect(engine="streaming")
    named = cells.with_columns(subject=_NOTHING, key=pl.lit("container"), region=_NOTHING)
    return _finish(named, POPULATION, facts)


def _added(counts: pl.DataFrame) -> pl.DataFrame:
    return counts.group_by(_GRAIN).agg(_SUMS)


def merge_counts(tables: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Add count tables: sum of counts, earliest ``first_seen``, latest ``last_seen``, in one canonical order.

    Names beyond the room of their region become one row, the region (`rtml.baselines.folding`).

    Examples
    --------
    >>> counts = pl.DataFrame([{"family": "f", "key": "a", "container": "c", "count": 2}], COUNTS)
    >>> merge_counts([counts, counts])["count"].to_list()
    [4]
    >>> merge_counts([]).height
    0
    """
    stacked = pl.concat([empty(COUNTS), *tables])
    merged = _added(folded(_added(stacked)))
    return merged.select(COUNTS.names()).sort(_GRAIN, nulls_last=False)
