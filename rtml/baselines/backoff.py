r"""Surprise: ``-log2 P(a key no more usual than this one | context)``, by interpolated back-off.

The plain ``-log2 P(key | context)`` punishes variety: where a program opens forty files once each,
every one of them costs five bits, and a container that merely starts looks like an attack. What
matters is whether something *less or equally usual* was to be expected. So a key is scored by the
tail of its context's distribution, a p-value of the single event, which compares across contexts.

At every level ``l`` (see `rtml.baselines.conditional.Level`), with ``m(x)`` the evidence for key
``x``, ``M`` its sum over keys and ``T`` the number of distinct keys, Witten-Bell smoothing gives
the unseen the share ``T / (M + T)`` and hands it to the next more general level:

    C_l(x) = sum of m_l(y) over the keys y with m_l(y) <= m_l(x);  0 for an unseen x
    P_l(x) = (C_l(x) + T_l * P_{l+1}(x)) / (M_l + T_l)

Below the last level, of ``V`` keys ever seen, all that is unseen counts as one: ``1 / (V + 1)``.
So a key as usual as any costs almost nothing however many there are, an unseen key is never
impossible, and it is more surprising where the context was steady than where it keeps changing.

The evidence is not the raw count. Events of one container repeat each other (one loop writes a
file a million times), containers are independent witnesses, so

    m(x) = sum over containers of log2(1 + count of x in that container)

which one loud container cannot dominate and which hardly moves when load doubles.

Two rules keep levels honest. A level whose context is unknown (null, or never seen) is skipped, and
the caller is told (``known``). A level that holds just the events of the next more general one
(as many events of as many keys) is skipped too: the same evidence is not counted twice.

Evidence is held as integers of 1/1024 and bits are rounded to 1/1024, so sums of them are the same
whatever the order of rows, threads or shards.

References
----------
Witten & Bell, "The zero-frequency problem", IEEE Trans. Inf. Theory 37(4), 1991,
https://doi.org/10.1109/18.87000. Vovk et al., Algorithmic Learning in a Random World, 2005 (ranks
as p-values). Church & Gale, "Poisson mixtures", 1995,
https://doi.org/10.1017/S1351324900000139 (why repeats count less).
"""

from __future__ import annotations

from functools import reduce

import polars as pl

from rtml.baselines.coding import coded
from rtml.baselines.conditional import Conditional, Level
from rtml.baselines.drawing import SCALE, Drawn, candidates, damped, drawn, newness, single_names

__all__ = ["SCALE", "surprise"]

_PEERS = ["workload", "image", "repository", "subject"]
_CONTEXT = ["_first", "_second", "_subject"]


def _with_levels(contexts: pl.DataFrame, levels: tuple[Level, ...]) -> pl.DataFrame:
    """Add one column ``_level<n>`` per level: its context as a number, null where it is skipped."""
    for number, level in enumerate(levels):
        at_level = contexts.with_columns(level.columns())
        codes = at_level.select(_CONTEXT).drop_nulls().unique().with_row_index(f"_level{number}")
        contexts = at_level.join(codes, on=_CONTEXT, how="left").drop(_CONTEXT)
    return contexts


def _evidence(counts: pl.DataFrame, level: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the tail per (context, key) and totals per context, at one level."""
    rows = counts.lazy().filter(pl.col(level).is_not_null())
    single = rows.group_by(level, "_key", "container").agg(pl.col("count").sum())
    keys = single.group_by(level, "_key").agg(_m=damped(), _N=pl.col("count").sum()).collect()
    distinct = pl.len().cast(pl.Int64) * SCALE
    totals = keys.group_by(level).agg(_M=pl.col("_m").sum(), _T=distinct, _N=pl.col("_N").sum())
    return _tails(keys, level), totals


def _tails(keys: pl.DataFrame, level: str) -> pl.DataFrame:
    """Replace each key's evidence by that of all keys of its context that have no more."""
    lower = keys.sort(level, "_m").with_columns(_C=pl.col("_m").cum_sum().over(level))
    return lower.select(level, "_key", _m=pl.col("_C").max().over(level, "_m"))


def _look_up(pairs: pl.DataFrame, counts: pl.DataFrame, number: int) -> pl.DataFrame:
    """Add the evidence of one level as columns ``_m``, ``_M``, ``_T``, ``_N`` and its number."""
    level = f"_level{number}"
    keys, totals = _evidence(counts, level)
    rows = pairs.join(keys, on=[level, "_key"], how="left", maintain_order="left")
    rows = rows.join(totals, on=level, how="left", maintain_order="left")
    numbered = {name: f"{name}{number}" for name in ("_m", "_M", "_T", "_N")}
    applies = pl.col(level).is_not_null().alias(f"_applies{number}")
    return rows.with_columns(applies).drop(level).rename(numbered)


def _coded(
    conditional: Conditional, learnt: Drawn, asked: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Replace strings by numbers, of the context at each level and of the key.

    Every step after this one is on integers.

    Returns
    -------
    The history, what is asked, and which name (``_name``) lies in which place (``_key``).
    """
    wanted = learnt.counts.select(
        *_PEERS, "key", "name", pl.col("container").rank("dense"), "count", "first_seen"
    )
    contexts, coded_tables = coded("_context", _PEERS, wanted, asked)
    levels = _with_levels(contexts, conditional.levels).drop(_PEERS)
    _, (history, rows, places) = coded(
        "_key", ["key"], *coded_tables, learnt.places.rename({"place": "key"})
    )
    _, (history, places) = coded("_name", ["name"], history, places)
    history, rows = (
        table.join(levels, on="_context", how="left", maintain_order="left").drop("_context")
        for table in (history, rows)
    )
    return history, rows, places


def _interpolate(pairs: pl.LazyFrame, number: int) -> pl.LazyFrame:
    """Fold one level into the running estimate ``_p``, from general to specific."""
    m = pl.col(f"_m{number}").fill_null(0)
    total, distinct, events = (pl.col(f"_{name}{number}") for name in "MTN")
    same = (events == pl.col("_used_N")) & (distinct == pl.col("_used_T"))
    use = total.is_not_null() & ~same.fill_null(False)
    estimate = (m + distinct * pl.col("_p")) / (total + distinct)
    return pairs.with_columns(
        pl.when(use).then(estimate).otherwise("_p").alias("_p"),
        pl.when(use).then(events).otherwise("_used_N").alias("_used_N"),
        pl.when(use).then(distinct).otherwise("_used_T").alias("_used_T"),
    )


def _verdict(levels: int) -> list[pl.Expr]:
    """Say of each pair whether its own context was known, and whether the key was seen there."""
    known = pl.coalesce(
        pl.when(pl.col(f"_applies{number}")).then(pl.col(f"_M{number}").is_not_null())
        for number in range(levels)
    )
    seen = pl.coalesce(
        pl.when(pl.col(f"_M{number}").is_not_null()).then(pl.col(f"_m{number}").is_not_null())
        for number in range(levels)
    )
    return [known.fill_null(False).alias("known"), seen.fill_null(False).alias("seen")]


def _chances(rows: pl.DataFrame, history: pl.DataFrame, places: pl.DataFrame, levels: int) -> pl.DataFrame:
    """Add ``_new``: P(next name of a place is new) where its own context has history, else wider."""
    drawing = history.join(places.rename({"_key": "_place"}), on="_name")
    for number in range(levels):
        by = [f"_level{number}", "_place"]
        names = single_names(drawing.drop_nulls(by[0]), [*by, "_name"])
        chances = names.group_by(by).agg(newness().alias(f"_new{number}"))
        rows = rows.join(chances.rename({"_place": "_key"}), on=[by[0], "_key"], how="left", maintain_order="left")
    return rows.with_columns(_new=pl.coalesce(f"_new{number}" for number in range(levels)))


def _drawn_by_itself(conditional: Conditional) -> pl.Expr:
    """Whether a place drew names for this subject somewhere, not only for others."""
    subject = max(level.parts for level in conditional.levels) > 0
    own = [number for number, level in enumerate(conditional.levels) if level.parts > 0 or not subject]
    return pl.any_horizontal(pl.col(f"_m{number}").is_not_null() for number in own)


def _estimated(conditional: Conditional, learnt: Drawn, asked: pl.DataFrame) -> pl.DataFrame:
    """Return ``bits``, ``known``, ``seen`` and ``_pair`` of every row that is asked."""
    history, rows, places = _coded(conditional, learnt, asked)
    numbers = range(len(conditional.levels))
    vocabulary = history["_key"].n_unique()
    if places.height:
        rows = _chances(rows, history, places, len(numbers))
    else:
        rows = rows.with_columns(_new=pl.lit(None, pl.Float64))
    for number in numbers:
        rows = _look_up(rows, history, number)
    blank = [pl.lit(None, pl.Int64).alias(f"_used_{name}") for name in "NT"]
    start = rows.lazy().with_columns(pl.lit(1.0 / (vocabulary + 1)).alias("_p"), *blank)
    chance = pl.when("_open").then(pl.col("_new").fill_null(1.0)).otherwise(1.0)
    bits = (-(pl.col("_p") * chance).log(2) * SCALE).round().cast(pl.Int64).alias("bits")
    estimate = reduce(_interpolate, reversed(numbers), start)
    kept = pl.col("_open") & ~_drawn_by_itself(conditional)
    return estimate.filter(~kept).select("_pair", "_open", bits, *_verdict(len(numbers))).collect()


def surprise(conditional: Conditional, counts: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Add ``bits``, ``known`` and ``seen`` to pairs of context and key.

    Parameters
    ----------
    conditional
        Which levels to back off along, and where its keys lie.
    counts
        Rows of `rtml.baselines.counting.COUNTS` of this conditional.
    pairs
        Columns ``workload``, ``image``, ``repository``, ``subject``, ``key``; others are kept.

    Returns
    -------
    ``pairs`` in the same order with ``bits`` (Int64, units of 1/1024 bit, 0 and up; 0 is what was
    to be expected), ``known`` (its most specific context has history) and ``seen`` (the most
    specific context that has history counted the key, or a place that draws names and would draw
    it: a temporary file with yet another name is nothing never seen).
    """
    learnt = drawn(counts, conditional.places)
    asked = pairs.select(*_PEERS, "key").with_row_index("_pair").with_columns(_open=pl.lit(False))
    open_keys = candidates(learnt, conditional.places, pairs["key"])
    wider = asked.join(open_keys, on="key").drop("key").rename({"place": "key"})
    both = pl.concat([asked, wider.select(asked.columns).with_columns(_open=pl.lit(True))])
    scored = _estimated(conditional, learnt, both)
    own, places = scored.filter(~pl.col("_open")), scored.filter("_open")
    best = places.group_by("_pair").agg(_bits=pl.col("bits").min(), _seen=pl.col("seen").any())
    joined = own.join(best, on="_pair", how="left", maintain_order="left").select(
        pl.min_horizontal("bits", "_bits"), "known", pl.col("seen") | pl.col("_seen").fill_null(False)
    )
    return pairs.hstack(joined)
