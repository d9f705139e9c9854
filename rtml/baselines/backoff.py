r"""Surprise: ``-log2 P(key | context)`` by interpolated back-off, exact to the bit.

At every level ``l`` (see `rtml.baselines.conditional.Level`), with ``m(x)`` the evidence for key
``x``, ``M`` its sum over keys and ``T`` the number of distinct keys, Witten-Bell smoothing reads

    P_l(x) = (m_l(x) + T_l * P_{l+1}(x)) / (M_l + T_l)

and below the last level the distribution is uniform over the ``V`` keys ever seen plus one that
stands for everything unseen: ``P(x) = 1 / (V + 1)``. So P sums to one, an unseen key is never
impossible, and it is more surprising where the context was steady than where it keeps changing.

The evidence is not the raw count. Events of one container repeat each other (one loop writes a
file a million times), containers are independent witnesses, so

    m(x) = sum over containers of log2(1 + count of x in that container)

which one loud container cannot dominate and which hardly moves when load doubles.

Two rules keep levels honest. A level whose context is unknown (null, or never seen) is skipped, and
the caller is told (``known``). A level that holds just the evidence of the next more general one
(same m, M and T) is skipped too: the same evidence is not counted twice.

Evidence is held as integers of 1/1024 and bits are rounded to 1/1024, so sums of them are the same
whatever the order of rows, threads or shards.

References
----------
Witten & Bell, "The zero-frequency problem", IEEE Trans. Inf. Theory 37(4), 1991,
https://doi.org/10.1109/18.87000. Church & Gale, "Poisson mixtures", 1995,
https://doi.org/10.1017/S1351324900000139 (why repeats count less).
"""

from __future__ import annotations

from functools import reduce

import polars as pl

from rtml.baselines.conditional import Conditional, Level

__all__ = ["SCALE", "surprise"]

SCALE = 1024
"""Fixed point: one bit is 1024 units."""

_CONTEXT = ["_first", "_second", "_subject"]


def _evidence() -> pl.Expr:
    damped = (pl.col("count") + 1).log(2) * SCALE
    return damped.round().cast(pl.Int64).sum().alias("_m")


def _tables(counts: pl.LazyFrame, level: Level) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Return evidence per (context, key) and totals per context, at one level."""
    whole = counts.with_columns(level.columns()).filter(
        pl.all_horizontal(pl.col(name).is_not_null() for name in _CONTEXT)
    )
    single = whole.group_by(*_CONTEXT, "key", "container").agg(pl.col("count").sum())
    keys = single.group_by(*_CONTEXT, "key").agg(_evidence())
    totals = keys.group_by(_CONTEXT).agg(_M=pl.col("_m").sum(), _T=pl.len().cast(pl.Int64) * SCALE)
    return keys, totals


def _look_up(pairs: pl.LazyFrame, counts: pl.LazyFrame, level: Level, number: int) -> pl.LazyFrame:
    """Add the evidence of one level as columns ``_m<number>``, ``_M<number>``, ``_T<number>``."""
    keys, totals = _tables(counts, level)
    found = (
        pairs.with_columns(level.columns())
        .join(keys, on=[*_CONTEXT, "key"], how="left")
        .join(totals, on=_CONTEXT, how="left")
    )
    numbered = {"_m": f"_m{number}", "_M": f"_M{number}", "_T": f"_T{number}"}
    applies = pl.all_horizontal(pl.col(name).is_not_null() for name in _CONTEXT)
    return found.with_columns(applies.alias(f"_applies{number}")).drop(_CONTEXT).rename(numbered)


def _interpolate(pairs: pl.LazyFrame, number: int) -> pl.LazyFrame:
    """Fold one level into the running estimate ``_p``, from general to specific."""
    m = pl.col(f"_m{number}").fill_null(0)
    total, distinct = pl.col(f"_M{number}"), pl.col(f"_T{number}")
    same = (m == pl.col("_used_m")) & (total == pl.col("_used_M")) & (distinct == pl.col("_used_T"))
    use = total.is_not_null() & ~same.fill_null(False)
    estimate = (m + distinct * pl.col("_p")) / (total + distinct)
    return pairs.with_columns(
        pl.when(use).then(estimate).otherwise("_p").alias("_p"),
        pl.when(use).then(m).otherwise("_used_m").alias("_used_m"),
        pl.when(use).then(total).otherwise("_used_M").alias("_used_M"),
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
    ``pairs`` in the same order with ``bits`` (Int64, units of 1/1024 bit; above 0 for all but a
    certainty), ``known`` (its most specific context has history) and ``seen`` (the key was counted
    in the most specific context that has history).
    """
    vocabulary = counts["key"].n_unique()
    rows = pairs.lazy().with_row_index("_row")
    history = counts.lazy()
    numbers = range(len(conditional.levels))
    for number, level in enumerate(conditional.levels):
        rows = _look_up(rows, history, level, number)
    blank = [pl.lit(None, pl.Int64).alias(f"_used_{name}") for name in ("m", "M", "T")]
    rows = rows.with_columns(pl.lit(1.0 / (vocabulary + 1)).alias("_p"), *blank)
    rows = reduce(_interpolate, reversed(numbers), rows)
    bits = (-pl.col("_p").log(2) * SCALE).round().cast(pl.Int64).alias("bits")
    scored = rows.with_columns(bits, *_verdict(len(numbers))).sort("_row")
    return scored.select(*pairs.columns, "bits", "known", "seen").collect()
