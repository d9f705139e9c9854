"""Which containers a finding is about: its own, or those that it lists."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

__all__ = ["about"]


def about(containers: Iterable[str]) -> pl.Expr:
    """Say of findings whether they are about one of these containers; false where they name none.

    Examples
    --------
    >>> findings = pl.DataFrame({"container_id": ["a", None, None], "containers": [None, ["b", "c"], None]})
    >>> findings.select(about(["a", "c"])).to_series().to_list(), findings.select(about([])).sum().item()
    ([True, True, False], 0)
    """
    names = pl.lit(pl.Series(sorted(set(containers)), dtype=pl.String)).implode()
    own = pl.col("container_id").cast(pl.String).is_in(names)
    listed = pl.col("containers").list.eval(pl.element().is_in(names)).list.any()
    return (own | listed).fill_null(False)
