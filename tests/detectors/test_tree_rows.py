"""Rows of trees: several of one container and window, in whatever order they come."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from rtml.detectors import DETECTORS, make_detector
from rtml.testing.windows import windows

KINDS = [name for name in DETECTORS.own if not DETECTORS[name].trivial]
SMALL = {"half_space_trees": {"trees": 5, "window": 10}, "isolation_forest": {"trees": 10}}


def trees(seed: int = 1, rows: int = 12) -> pl.DataFrame:
    """Return windows of three trees each, one of them of no known process."""
    parts = [
        windows(rows, seed=10 * seed + number).with_columns(process_id=pl.lit(process, pl.Int64))
        for number, process in enumerate((7, 3, None))
    ]
    novel = np.random.default_rng(seed).uniform(0, 9, 3 * parts[0].height)
    return pl.concat(parts).with_columns(pl.Series("lineage.bits_beyond", novel))


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_trees_within_a_window_changes_nothing(kind: str):
    held = trees(2).with_row_index("n")
    mixed = held.sample(fraction=1, shuffle=True, seed=6)
    scores = []
    for table in (held, mixed):
        detector = make_detector(kind, SMALL.get(kind, {}), 5)
        detector.learn(trees().sample(fraction=1, shuffle=True, seed=table["n"][0]))
        told = detector.prequential(table.drop("n"))
        later = detector.score(trees(3))
        scores.append((told[np.argsort(table["n"].to_numpy())], later))
    for one, two in zip(*scores, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("kind", KINDS)
def test_every_tree_has_a_score_and_reasons_of_its_own(kind: str):
    detector = make_detector(kind, SMALL.get(kind, {}), 5)
    detector.learn(trees())
    strange = pl.col("process_id").eq_missing(3) & (pl.col("window") == pl.col("window").max())
    grown = pl.when(strange).then(90.0).otherwise("lineage.bits_beyond").alias("lineage.bits_beyond")
    table = trees(2).with_columns(grown)
    scores = detector.score(table)
    assert scores.shape == (table.height,) and np.isfinite(scores).all()
    assert set(detector.explain(table)["row"]) <= set(range(table.height))
    if kind in ("rarity", "single_feature"):
        return  # they look at a feature of their own
    odd = table.select(strange).to_series().to_numpy()
    assert np.median(scores[odd]) > np.median(scores[~odd])
