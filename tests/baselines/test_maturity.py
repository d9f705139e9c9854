"""Good-Turing maturity against hand-computed values and a simulation."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from rtml.baselines.counting import COUNTS, POPULATION
from rtml.baselines.maturity import maturity


def counts(numbers: list[int], workload: str = "web") -> pl.DataFrame:
    rows = [
        {"family": "f", "workload": workload, "key": f"k{i}", "container": "c", "count": n}
        for i, n in enumerate(numbers)
    ]
    return pl.DataFrame(rows, COUNTS)


def test_by_hand():
    # N = 100, N1 = 4, N2 = 1: share 0.04, half-width 1.96 * sqrt(4 * 0.96 + 2) / 100 = 0.0474.
    row = maturity(counts([94, 1, 1, 1, 1, 2])).row(0, named=True)
    assert row["unseen"] == pytest.approx(0.04)
    assert (row["low"], row["high"]) == pytest.approx((0.0, 0.0874), abs=1e-4)
    assert row["mature"] is False


def test_a_handful_of_events_is_not_mature():
    row = maturity(counts([5])).row(0, named=True)
    assert (row["unseen"], row["high"], row["mature"]) == (0.0, 0.6, False)


def test_groups_are_separate_and_the_population_is_no_family():
    extra = counts([9]).with_columns(family=pl.lit(POPULATION))
    table = maturity(pl.concat([counts([500]), counts([1, 1], "app"), extra]))
    assert table.select("group", "mature").rows() == [("app", False), ("web", True)]


def test_no_counts_no_rows():
    assert maturity(pl.DataFrame(schema=COUNTS)).height == 0


def test_the_interval_covers_the_true_unseen_mass():
    rng = np.random.default_rng(7)
    share = 1 / np.arange(1, 201)
    share /= share.sum()
    covered = 0
    for _ in range(40):
        drawn = rng.multinomial(400, share)
        row = maturity(counts([int(n) for n in drawn if n])).row(0, named=True)
        covered += row["low"] <= share[drawn == 0].sum() <= row["high"]
    assert covered >= 34
