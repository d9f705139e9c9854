"""Evidence: what the levels of a context say of a key, as integers."""

from __future__ import annotations

import polars as pl

from rtml.baselines.conditional import Level

__all__ = ["PEERS", "SCALE", "damped", "look_up", "with_levels"]

SCALE = 1024
"""Fixed point: one bit, or one unit of evidence, is 1024."""

PEERS = ["workload", "image", "repository", "subject"]
"""The columns of a context."""

_CONTEXT = ["_first", "_second", "_subject"]
_STEPS_PER_DOUBLING = 2


def damped() -> pl.Expr:
    """Return the evidence of a column ``count``: ``sum log2(1 + count)``, in 1/1024."""
    return ((pl.col("count") + 1).log(2) * SCALE).round().cast(pl.Int64).sum()


def with_levels(contexts: pl.DataFrame, levels: tuple[Level, ...]) -> pl.DataFrame:
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
    """Replace each key's evidence by that of all keys of its context that are no more usual."""
    steps = (pl.col("_m").log(2) * _STEPS_PER_DOUBLING + 1e-9).floor()
    usual = keys.with_columns(_usual=steps).sort(level, "_usual", "_m")
    lower = usual.with_columns(_C=pl.col("_m").cum_sum().over(level))
    return lower.select(level, "_key", _m=pl.col("_C").max().over(level, "_usual"))


def look_up(pairs: pl.DataFrame, counts: pl.DataFrame, number: int) -> pl.DataFrame:
    """Add the evidence of one level as columns ``_m``, ``_M``, ``_T``, ``_N`` and its number."""
    level = f"_level{number}"
    keys, totals = _evidence(counts, level)
    rows = pairs.join(keys, on=[level, "_key"], how="left", maintain_order="left")
    rows = rows.join(totals, on=level, how="left", maintain_order="left")
    numbered = {name: f"{name}{number}" for name in ("_m", "_M", "_T", "_N")}
    applies = pl.col(level).is_not_null().alias(f"_applies{number}")
    return rows.with_columns(applies).drop(level).rename(numbered)
