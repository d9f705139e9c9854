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

__all__ = ["SCALE", "surprise"]

SCALE = 1024
"""Fixed point: one bit is 1024 units."""

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
    damped = ((pl.col("count") + 1).log(2) * SCALE).round().cast(pl.Int64).sum().alias("_m")
    keys = single.group_by(level, "_key").agg(damped, _N=pl.col("count").sum()).collect()
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
    conditional: Conditional, counts: pl.DataFrame, pairs: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Replace the strings of counts and pairs by numbers: of the context at each level, of the key.

    Every step after this one is on integers.
    """
    wanted = counts.select(*_PEERS, "key", pl.col("container").rank("dense"), "count")
    contexts, coded_tables = coded("_context", _PEERS, wanted, pairs.select(*_PEERS, "key"))
    levels = _with_levels(contexts, conditional.levels).drop(_PEERS)
    _, tables = coded("_key", ["key"], *coded_tables)
    joined = [
        table.join(levels, on="_context", how="left", maintain_order="left").drop("_context")
        for table in tables
    ]
    return joined[0], joined[1]


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


def surprise(conditional: Conditional, counts: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Add ``bits``, ``known`` and ``seen`` to pairs of context and key.

    Parameters
    ----------
    conditional
        Which levels to back off along.
    counts
        Rows of `rtml.baselines.counting.COUNTS` of this conditional.
    pairs
        Columns ``workload``, ``image``, ``repository``, ``subject``, ``key``; others are kept.

    Returns
    -------
    ``pairs`` in the same order with ``bits`` (Int64, units of 1/1024 bit, 0 and up; 0 is what was
    to be expected), ``known`` (its most specific context has history) and ``seen`` (the key was
    counted in the most specific context that has history).
    """
    history, rows = _coded(conditional, counts, pairs)
    vocabulary = counts["key"].n_unique()
    numbers = range(len(conditional.levels))
    for number in numbers:
        rows = _look_up(rows, history, number)
    blank = [pl.lit(None, pl.Int64).alias(f"_used_{name}") for name in "NT"]
    start = rows.lazy().with_columns(pl.lit(1.0 / (vocabulary + 1)).alias("_p"), *blank)
    estimate = reduce(_interpolate, reversed(numbers), start)
    bits = (-pl.col("_p").log(2) * SCALE).round().cast(pl.Int64).alias("bits")
    return pairs.hstack(estimate.select(bits, *_verdict(len(numbers))).collect())
