"""Surprise of windows and of events: the generic half of every family that has conditionals.

Within a window a pair of context and key counts once, however often it repeats: a loop is no
stranger than its first round, and how much happens is the business of ``activity``. Per family:

=================== ======= =====================================================================
feature             unit    meaning; range; a window without such events has 0
=================== ======= =====================================================================
``bits_sum``        bits    sum over distinct pairs (`rtml.baselines.backoff`); 0 and up
``bits_max``        bits    the most surprising pair; 0 and up
``bits_top3``       bits    the three most surprising pairs together; 0 and up
``bits_excess``     bits    what the three most surprising pairs have beyond what the window's ``n``
                            pairs bring by chance: ``sum of max(0, bits_i - log2(n / i))``, i = 1,
                            2, 3. Of n draws the i-th rarest has a tail of about i / n: a start-up
                            that opens a hundred files meets one in a hundred; 0 and up
``bits_beyond``     bits    what the most surprising pair of each conditional has beyond chance, summed
                            over the family's conditionals: ``sum of max(0, max bits - log2 n)``; 0
                            and up
``pairs``           pairs   distinct pairs of context and key; 0 and up
``never_seen``      pairs   pairs whose key has no history in its context; 0 and up
``unknown_context`` share   pairs whose own context has no history, so that ``bits`` had to come
                            from a more general level: what we do not know; 0 to 1
``<what>_bits_max`` bits    the most surprising pair of one conditional, where a family has several;
                            ``<what>_bits_beyond``: what it has beyond chance; 0 and up
=================== ======= =====================================================================

Without a baseline all of them are null: not learnt is not normal.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rtml.baselines import Conditional
from rtml.baselines.backoff import SCALE
from rtml.baselines.conditional import SEPARATOR
from rtml.features.contract import Family
from rtml.features.moments import moment, with_seq
from rtml.features.pairs import CELL, Pairs

__all__ = ["EVENT_SURPRISES", "event_surprises", "window_surprises"]

_UTC = pl.Datetime("ns", "UTC")
_RESULTS = ["bits", "known", "seen", "shared"]

EVENT_SURPRISES = pl.Schema(
    {
        "host": pl.String(),
        "seq": pl.Int64(),
        "time": _UTC,
        "container_id": pl.String(),
        "window": _UTC,
        "process_id": pl.Int64(),
        "root_id": pl.Int64(),
        "family": pl.String(),
        "conditional": pl.String(),
        "key": pl.String(),
        "context": pl.String(),
        "bits": pl.Float64(),
        "known": pl.Boolean(),
        "seen": pl.Boolean(),
        "shared": pl.Boolean(),
    }
)
"""Event-level surprise. ``context`` reads ``peer group: program < parent``; ``shared``: several replicas took
it up together."""


def _counted(family: Family) -> list[pl.Expr]:
    """Return what is counted of a cell, as integers: then the order of rows does not matter."""
    bits = _own_bits()
    parts = [
        expression
        for number in range(len(family.conditionals))
        for expression in (
            bits.filter(pl.col("_part") == number).max().alias(f"_max{number}"),
            (pl.col("_part") == number).sum().alias(f"_pairs{number}"),
        )
    ]
    return [
        bits.sum().alias("_sum"),
        # Once for all that is made of them: of many small cells, this is most of the work.
        bits.top_k(3).alias("_top"),
        pl.len().alias("_pairs"),
        (~pl.col("seen") & ~pl.col("shared")).sum().alias("_fresh"),
        (~pl.col("known")).sum().alias("_unknown"),
        *parts,
    ]


def _features(family: Family) -> list[pl.Expr]:
    """Return the features, made of what `_counted` gives."""
    top = pl.col("_top").list
    features = {
        "bits_sum": pl.col("_sum") / SCALE,
        "bits_max": top.max() / SCALE,
        "bits_top3": top.sum() / SCALE,
        "bits_excess": pl.sum_horizontal(_excess(rank) for rank in (1, 2, 3)) / SCALE,
        "bits_beyond": pl.sum_horizontal(_beyond(part) for part in range(len(family.conditionals))) / SCALE,
        "pairs": pl.col("_pairs").cast(pl.Float64),
        "never_seen": pl.col("_fresh").cast(pl.Float64),
        "unknown_context": pl.col("_unknown") / pl.col("_pairs"),
    }
    for number, part in enumerate(family.parts):
        features[f"{part}_bits_max"] = pl.col(f"_max{number}") / SCALE
        features[f"{part}_bits_beyond"] = _beyond(number) / SCALE
    return [features[name].alias(f"{family.name}.{name}") for name in family.surprise]


def _own_bits() -> pl.Expr:
    """Bits of a pair; none for what several replicas take up together (`rtml.features.shared`)."""
    return pl.when(~pl.col("shared")).then("bits").otherwise(0)


def _excess(rank: int) -> pl.Expr:
    """Return what the ``rank``-th most surprising pair has beyond chance, in 1/1024 bit."""
    bits = pl.col("_top").list.sort(descending=True).list.get(rank - 1, null_on_oob=True)
    by_chance = ((pl.col("_pairs") / rank).log(2) * SCALE).round().cast(pl.Int64)
    return (bits.fill_null(0) - by_chance.clip(0)).clip(0)


def _beyond(part: int) -> pl.Expr:
    """Return what the most surprising pair of one conditional has beyond chance, in 1/1024 bit."""
    pairs = pl.col(f"_pairs{part}").cast(pl.Float64).clip(1.0)
    by_chance = (pairs.log(2) * SCALE).round().cast(pl.Int64)
    return (pl.col(f"_max{part}").fill_null(0) - by_chance).clip(0)


def window_surprises(family: Family, pairs: Mapping[str, Pairs]) -> pl.DataFrame:
    """Return the surprise features of one family per container and window."""
    tables = [
        pairs[conditional.name].rows.lazy().with_columns(pl.lit(number, pl.UInt8).alias("_part"))
        for number, conditional in enumerate(family.conditionals)
    ]
    counted = pl.concat(tables).group_by(CELL).agg(_counted(family))
    return counted.select(*CELL, *_features(family)).collect(engine="streaming")


def event_surprises(conditional: Conditional, pairs: Pairs, roots: pl.DataFrame) -> pl.DataFrame:
    """Return one row per window, process and distinct pair: its first event, and its bits.

    Parameters
    ----------
    conditional, pairs
        The conditional that was scored, and its pairs, gathered with their events.
    roots
        ``host``, ``process_id``, ``root_id``: the lineage root of every process (`Source.roots`).
    """
    assert pairs.events is not None
    names = _described(pairs.names, conditional)
    if pairs.alike:
        scored = _first(pairs.events, pairs.names).join(names, on="code")
    else:
        # What a pair is worth may differ from window to window: see `rtml.features.pairs`, lost events.
        worth = pairs.rows.select(*CELL, "code", *_RESULTS).with_columns(pl.col("bits") / SCALE)
        first = _first(pairs.events, pairs.names).join(worth, on=[*CELL, "code"])
        scored = first.join(names.drop(_RESULTS), on="code")
    text = scored.drop("root_id").with_columns(pl.col("container_id", "host").cast(pl.String))
    rooted = text.join(roots, on=["host", "process_id"], how="left").with_columns(
        pl.coalesce("root_id", "process_id"),
        family=pl.lit(conditional.family),
        conditional=pl.lit(conditional.name),
    )
    return rooted.select(pl.col(name).cast(kind) for name, kind in EVENT_SURPRISES.items())


def _first(events: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Return the first event of each pair, window and process: of raw columns that make the same pair."""
    kept = ["container_id", "window", "host", "process_id", "root_id", "code", "time", "seq"]
    lone = names.filter("lone").select("code")
    alone = events.join(lone, on="code", how="semi").select(kept)
    if alone.height == events.height:
        return alone
    # Container and process tell group and tree.
    same = ["container_id", "window", "host", "process_id", "code"]
    several = events.join(lone, on="code", how="anti")
    told = several.group_by(same).agg(moment().min(), pl.col("time").min(), pl.col("root_id").first())
    return pl.concat([alone, with_seq(told).select(kept)])


def _described(names: pl.DataFrame, conditional: Conditional) -> pl.DataFrame:
    """Return the results of each code, with its key and context in words."""
    subject = pl.col("subject").str.replace_all(SEPARATOR, " < ", literal=True)
    context = pl.concat_str(["peers", subject], separator=": ", ignore_nulls=True)
    told = names.with_columns(context=context, bits=pl.col("bits") / SCALE)
    return told.select("code", "key", "context", *_RESULTS)
