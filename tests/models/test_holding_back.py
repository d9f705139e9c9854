"""What alarms is judged and not learnt, so that an attack does not become normal while it lasts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rtml.detectors import DETECTORS, make_detector
from rtml.detectors.online import OnlineDetector
from rtml.models import Scored
from rtml.models.judging import raw_scores
from tests.detectors.test_tree_rows import SMALL, trees
from tests.models.conftest import CALIBRATE, INTRUSION, attack_again, judged, learnt, minute, opened, shop

ONLINE = [name for name in DETECTORS.own if issubclass(DETECTORS[name], OnlineDetector)]


@pytest.mark.parametrize("kind", ONLINE)
def test_rows_that_are_held_back_leave_no_trace(kind: str, tmp_path: Path):
    """Scores of the others, and the state afterwards, are as if they had never come."""
    usual = trees(2, rows=20)
    odd = usual.with_columns(pl.lit(80.0).alias("lineage.bits_beyond"), process_id=pl.lit(99, pl.Int64))
    both = pl.concat([usual, odd]).sort("container_id", "window", "process_id")
    strange = both["process_id"].eq_missing(99).to_numpy()
    with_them, without = (make_detector(kind, SMALL.get(kind, {}), 5) for _ in range(2))
    for detector in (with_them, without):
        assert isinstance(detector, OnlineDetector)
        detector.learn(trees(1, rows=20))
    told = with_them.prequential(both, lambda rows, scores: strange[rows])
    np.testing.assert_array_equal(told[~strange], without.prequential(both.filter(~strange)))
    assert np.isfinite(told[strange]).all(), "they are judged all the same"
    for name, detector in (("a", with_them), ("b", without)):
        detector.save(tmp_path / name)
    assert (tmp_path / "a" / "state.json").read_bytes() == (tmp_path / "b" / "state.json").read_bytes()


@pytest.mark.parametrize("kind", ONLINE)
def test_who_is_strange_is_asked_window_by_window_with_the_scores(kind: str):
    table, asked = trees(2), []
    detector = make_detector(kind, SMALL.get(kind, {}), 5)
    detector.learn(trees())
    assert isinstance(detector, OnlineDetector)

    def nobody(rows: list[int], scores: np.ndarray) -> np.ndarray:
        asked.append((rows, scores))
        return np.zeros(len(rows), np.bool_)

    told = detector.prequential(table, nobody)
    assert sorted(row for rows, _ in asked for row in rows) == list(range(table.height))
    assert all((told[rows] == scores).all() for rows, scores in asked)
    assert len(asked) == table["window"].n_unique()


def test_judging_holds_back_what_alarms(folder: Path, scored: Scored):
    """The detector of a loaded model, told what alarmed, says what judging said."""
    rows = scored.tree_scores.filter(pl.col("detector") == "half_space_trees")
    alarming = rows["alarm"].to_numpy()
    assert alarming.any()
    detector = opened(folder).detectors["half_space_trees"]
    assert isinstance(detector, OnlineDetector)
    told = detector.prequential(scored.trees, lambda places, _: alarming[places])
    assert rows["score"].to_list() == told.tolist()


def test_without_a_calibration_everything_is_learnt(folder: Path, scored: Scored):
    plain = {"half_space_trees": opened(folder).detectors["half_space_trees"]}
    again = opened(folder).detectors["half_space_trees"].prequential(scored.trees)
    assert raw_scores(plain, scored.trees)["half_space_trees"].tolist() == again.tolist()


def test_an_attack_that_lasts_stays_as_strange_as_it_began(tmp_path: Path):
    """Thirty minutes, each with the same intrusion: learnt, it would be found in the first alone."""
    lasting = [one for n in range(CALIBRATE, 60) for one in attack_again("web-1", n)]
    capture = shop(tmp_path / "c", *lasting, until=60)
    model = learnt(capture, detectors={"fading_gaussian": {"half_life": 20}})
    rows = judged(model, capture).tree_scores.filter(
        (pl.col("detector") == "fading_gaussian") & (pl.col("container_id") == "web-1")
    )
    found = rows.filter("alarm").group_by("window").agg(pl.len()).sort("window")
    assert found["window"].to_list() == [minute(n) for n in range(CALIBRATE, 60)]
    assert INTRUSION[0] != "web-1"
