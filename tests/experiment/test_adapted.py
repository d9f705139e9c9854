"""Estimators of scikit-learn, PyOD and River judged beside ours on the shipped capture."""

from __future__ import annotations

import polars as pl
import pytest
from pyod.models.ecod import ECOD
from river.anomaly import HalfSpaceTrees
from sklearn.svm import OneClassSVM

import rtml
from tests.conftest import LAB

THEIRS = ["sklearn:OneClassSVM", "pyod:ECOD", "river:HalfSpaceTrees"]


@pytest.fixture(scope="module")
def judged():
    """The whole loop: ten lines from a capture to a ledger."""
    capture = rtml.open_capture(LAB / "capture")
    split = rtml.Split(calibrate=0.3, test=0.55).of(capture)
    theirs = [
        rtml.adapt(OneClassSVM(nu=0.05)),
        rtml.adapt(ECOD()),
        rtml.adapt(HalfSpaceTrees(n_trees=25, window_size=5), seed=7),
    ]
    model = rtml.train(capture, ["surprise", *theirs], split)
    scored = model.score(capture, start=split.test)
    ledger = rtml.compare(capture, LAB / "labels.parquet", [scored, rtml.run_rules(capture)], split)
    return capture, split, model, scored, ledger


def test_each_has_its_row_beside_ours_and_finds_more_than_chance(judged):
    rows = {row["side"]: row for row in judged[-1].summary.iter_rows(named=True)}
    assert {"surprise", "random", *THEIRS} <= rows.keys()
    for name in THEIRS:
        assert rows[name]["auroc"] > rows["random"]["auroc"] + 0.3, name
        assert rows[name]["average_precision"] > 2 * rows["random"]["average_precision"], name
        assert rows[name]["found"] > rows["random"]["found"], name


def test_each_is_calibrated_budgeted_and_explained(judged):
    _, _, model, scored, _ = judged
    for name in THEIRS:
        rows = scored.scores.filter(pl.col("detector") == name)
        assert scored.alarms[name].trees > 0 and 0 < rows["alarm"].sum() < rows.height
        assert rows["p_value"].is_between(0, 1).all() and rows["p_value"].n_unique() > 2
        findings = scored.findings.filter(pl.col("detector") == name)
        reasons = findings.explode("contributions").unnest("contributions")["feature"].drop_nulls()
        assert len(reasons) and set(reasons) <= {*model.description.features, "columns.unknown"}


def test_the_model_is_saved_and_loaded_with_them_and_scores_the_same_bits(judged, tmp_path):
    capture, split, model, scored, _ = judged
    again = rtml.load_model(model.save(tmp_path / "model"))
    for same in (model, again):
        assert same.score(capture, start=split.test).scores.equals(scored.scores)
    assert (tmp_path / "model" / "detectors" / "sklearn+OneClassSVM" / "rows.f64").is_file()
    assert not list((tmp_path / "model").rglob("*.pkl"))
