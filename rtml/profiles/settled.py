"""Baselines with names that are drawn as one: a temporary file is not new each time it has a new name."""

from __future__ import annotations

import polars as pl

from rtml.baselines import Baseline
from rtml.baselines.counting import merge_counts
from rtml.baselines.drawing import drawn
from rtml.features.families import all_conditionals

__all__ = ["with_drawn"]


def with_drawn(*baselines: Baseline) -> list[Baseline]:
    """Give drawn names (`rtml.baselines.drawing`) the key of the place that draws them.

    Parameters
    ----------
    baselines
        Which places draw is learnt from all of them together, so that two baselines fold the same
        names and can be compared.

    Returns
    -------
    As many baselines in the same order. Families that are not installed stay as they are.
    """
    conditionals = all_conditionals()
    sides = [one.counts.with_columns(_side=pl.lit(side)) for side, one in enumerate(baselines)]
    parts = [
        drawn(rows, conditionals[str(family)].places if family in conditionals else None).counts
        for (family,), rows in pl.concat(sides).group_by("family", maintain_order=True)
    ]
    sided = range(len(sides))
    tables = [[part.filter(pl.col("_side") == side).drop("_side") for part in parts] for side in sided]
    return [Baseline(merge_counts(table)) for table in tables]
