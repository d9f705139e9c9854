"""Features that know the future: rows of windows before a cut must stay when what comes after is cut away.

The laws of `rtml.testing` say so of made-up events; here the test time of a run itself is cut, so that a
family from outside, or one whose fault shows on real data alone, is named. What replicas take up together
(`rtml.features.shared`) looks both ways by design and is declared: it is left out on both sides, and the
rest of every column is compared.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from rtml.baselines import Baseline
from rtml.features.contract import Family
from rtml.features.source import Source
from rtml.features.windows import assemble
from rtml.schema import feature_columns
from rtml.times import instant

__all__ = ["foresight"]

_CUTS = (1 / 3, 2 / 3)
"""Where the time is cut, as shares of it."""

_KEY = ["container_id", "window", "process_id"]


def foresight(source: Source, baseline: Baseline, families: Mapping[str, Family]) -> list[str]:
    """Name the features of earlier windows that change when later events are cut away.

    Parameters
    ----------
    source, baseline, families
        What features are made of, as a model does it.

    Returns
    -------
    One sentence per feature, in the order of columns; none where no time can be cut, and where all is equal.

    Notes
    -----
    Fails to see a feature that looks ahead only where neither cut lies.
    """
    time = pl.col("time")
    first, last = source.events.select(time.min().alias("first"), last=time.max()).collect().row(0)
    if first is None or first == last:
        return []
    moments = [source.every.border(first + (last - first) * share) for share in _CUTS]
    later = assemble(source, baseline, families)
    found: dict[str, str] = {}
    for cut in reversed(moments):
        early = assemble(_until(source, cut), baseline, families)
        found = _changed(early, later, cut) | found
        later = early
    return [found[name] for name in feature_columns(later) if name in found]


def _until(source: Source, cut: dt.datetime) -> Source:
    """Return what was known at a moment: events before it, and processes that had begun."""
    ends = pl.when(pl.col("until") < instant(cut)).then("until").alias("until")
    begun = (pl.col("since") < instant(cut)).fill_null(True)
    known = source.processes.filter(begun).with_columns(ends)
    return replace(source.between(None, cut), processes=known)


def _changed(early: pl.DataFrame, later: pl.DataFrame, cut: dt.datetime) -> dict[str, str]:
    """Say of each feature in how many rows before the cut it differs."""
    names = feature_columns(early)
    before = later.filter(pl.col("window") < instant(cut))
    key = [name for name in _KEY if name in early.columns]
    pairs = early.join(before, on=key, how="full", nulls_equal=True, suffix="_later", coalesce=True)
    counts = pairs.select(pl.col(name).ne_missing(pl.col(f"{name}_later")).sum() for name in names).row(0)
    moment = cut.strftime("%Y-%m-%d %H:%M:%S")
    return {
        name: f"feature {name!r} knows the future: in {number} of {pairs.height} rows before {moment} it is "
        f"another when what came after is cut away (family {name.partition('.')[0]})"
        for name, number in zip(names, counts, strict=True)
        if number
    }
