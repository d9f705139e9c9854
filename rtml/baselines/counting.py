"""Counting: from events to the count table, and from two count tables to one.

The table keeps the finest grain, one row per container, so that the number of distinct containers
stays exact when the same container appears in two shards. Merging is a group-by sum, hence
associative and commutative, and equal to learning in one go.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from rtml.baselines.conditional import Conditional

__all__ = ["COUNTS", "HITS", "POPULATION", "count_events", "count_population", "merge_counts"]

_UTC = pl.Datetime("ns", "UTC")
COUNTS = pl.Schema({
    "family": pl.String(), "workload": pl.String(), "image": pl.String(), "repository": pl.String(),
    "subject": pl.String(), "key": pl.String(), "container": pl.String(),
    "count": pl.Int64(), "first_seen": _UTC,
})  # fmt: skip
"""The stored table. ``family`` is the name of the conditional, ``image`` the digest if known."""

POPULATION = "population"
"""Pseudo-family with one row per container: who was there, even if it did nothing of interest."""

_GRAIN = [name for name in COUNTS.names() if name not in ("count", "first_seen")]
HITS = pl.col("count").fill_null(1).clip(0, 2**40)
"""How often an event happened: 1 where the sensor does not aggregate. Sane whatever the input: a
sum of a million such numbers still fits into 64 bits."""


def _tally() -> list[pl.Expr]:
    return [HITS.sum().alias("count"), pl.col("time").min().alias("first_seen")]


def _finish(rows: pl.LazyFrame, family: str, facts: pl.DataFrame) -> pl.LazyFrame:
    peers = facts.lazy().select("container_id", "workload", "image", "repository")
    return (
        rows.with_columns(pl.col("container_id").cast(pl.String))
        .join(peers, on="container_id", how="inner")
        .with_columns(pl.lit(family).alias("family"), pl.col("container_id").alias("container"))
        .group_by(_GRAIN)
        .agg(pl.col("count").sum(), pl.col("first_seen").min())
        .select(pl.col(name).cast(kind) for name, kind in COUNTS.items())
    )


def count_events(
    conditional: Conditional, events: pl.LazyFrame, processes: pl.LazyFrame, facts: pl.DataFrame
) -> pl.DataFrame:
    """Count one conditional over events.

    Parameters
    ----------
    conditional
        What to count.
    events, processes
        Tables of a capture.
    facts
        Peer columns per container (see `rtml.features.source`); containers that are not in it are
        left out.

    Returns
    -------
    Rows of `COUNTS`, in no particular order.
    """
    cells = (
        conditional.select(events, processes)
        .group_by("container_id", *conditional.by)
        .agg(_tally())
    )
    return _finish(conditional.named(cells), conditional.name, facts).collect(engine="streaming")


def count_population(events: pl.LazyFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Count the events of every container: the denominator of a prevalence."""
    cells = events.group_by("container_id").agg(_tally())
    named = cells.with_columns(subject=pl.lit(None, pl.String), key=pl.lit("container"))
    return _finish(named, POPULATION, facts).collect(engine="streaming")


def merge_counts(tables: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Add count tables: sum of counts, earliest ``first_seen``, in one canonical order.

    Examples
    --------
    >>> one = pl.DataFrame([{"family": "f", "key": "a", "container": "c", "count": 2}], COUNTS)
    >>> merge_counts([one, one])["count"].to_list()
    [4]
    >>> merge_counts([]).height
    0
    """
    stacked = pl.concat([pl.DataFrame(schema=COUNTS), *tables])
    merged = stacked.group_by(_GRAIN).agg(pl.col("count").sum(), pl.col("first_seen").min())
    return merged.select(COUNTS.names()).sort(_GRAIN, nulls_last=False)
