"""Evidence: what the levels of a context say of a key, as integers."""

from __future__ import annotations

import polars as pl

__all__ = ["CONTEXT", "PEERS", "SCALE", "damped", "evidence"]

SCALE = 1024
"""Fixed point: one bit, or one unit of evidence, is 1024."""

PEERS = ["workload", "image", "repository", "subject"]
"""The columns of a context."""

CONTEXT = ["_first", "_second", "_subject"]
"""What `rtml.baselines.conditional.Level.columns` makes of it at a level; a null in any skips the level."""

_STEPS_PER_DOUBLING = 2


def damped() -> pl.Expr:
    """Return the evidence of a column ``count``: ``sum log2(1 + count)``, in 1/1024."""
    return ((pl.col("count") + 1).log(2) * SCALE).round().cast(pl.Int64).sum()


def evidence(counts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the tail per context and key, and totals per context, of counts at one level.

    Parameters
    ----------
    counts
        Numbers ``_level``, ``_key``, ``container``, and ``count``.

    Returns
    -------
    ``_level, _key, _m`` and ``_level, _M, _T, _N``, in no particular order.
    """
    single = counts.lazy().group_by("_level", "_key", "container").agg(pl.col("count").sum())
    keys = single.group_by("_level", "_key").agg(_m=damped(), _N=pl.col("count").sum()).collect()
    distinct = pl.len().cast(pl.Int64) * SCALE
    totals = keys.group_by("_level").agg(_M=pl.col("_m").sum(), _T=distinct, _N=pl.col("_N").sum())
    return _tails(keys), totals


def _tails(keys: pl.DataFrame) -> pl.DataFrame:
    """Replace each key's evidence by that of all keys of its context that are no more usual."""
    steps = (pl.col("_m").log(2) * _STEPS_PER_DOUBLING + 1e-9).floor()
    usual = keys.with_columns(_usual=steps).sort("_level", "_usual", "_m")
    lower = usual.with_columns(_C=pl.col("_m").cum_sum().over("_level"))
    return lower.select("_level", "_key", _m=pl.col("_C").max().over("_level", "_usual"))
