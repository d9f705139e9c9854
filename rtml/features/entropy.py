"""Entropy from counts, exact to the bit whatever the order of rows."""

from __future__ import annotations

import polars as pl

__all__ = ["miller_madow", "weight"]

_SCALE = 1024
_LN2 = 0.6931471805599453


def weight(count: pl.Expr) -> pl.Expr:
    """Return ``c log2 c`` as an integer of 1/1024, so that sums do not depend on order."""
    number = count.cast(pl.Float64).clip(lower_bound=1.0)
    return (number * number.log(2) * _SCALE).round().cast(pl.Int64)


def miller_madow(count: pl.Expr) -> pl.Expr:
    """Return the entropy of a group of counts in bits, corrected for its small-sample bias.

    ``H = log2 N - (1/N) sum c log2 c + (K - 1) / (2 N ln 2)`` with K counts that sum to N; 0 for no
    counts. The plug-in estimate alone is too low by about the last term. At most ``log2 N``, which
    the correction may overshoot when nearly every observation is new.

    References
    ----------
    Miller, "Note on the bias of information estimates", 1955; Paninski, "Estimation of entropy and
    mutual information", Neural Computation 15, 2003, https://doi.org/10.1162/089976603321780272.

    Examples
    --------
    >>> counts = pl.DataFrame({"c": [2, 2]})
    >>> counts.select(miller_madow(pl.col("c"))).item()      # 1 bit + 1 / (8 ln 2)
    1.180
    """
    total, kinds = count.sum().cast(pl.Float64), count.count()
    plug_in = total.log(2) - weight(count).sum() / _SCALE / total
    corrected = plug_in + (kinds - 1) / (2 * _LN2 * total)
    bounded = pl.min_horizontal(corrected, total.log(2))
    return pl.when(total > 0).then(bounded.clip(lower_bound=0.0)).otherwise(0.0)
