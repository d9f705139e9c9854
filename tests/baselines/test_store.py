"""Baselines on disk: the same bits back, and no belief in altered files."""

from __future__ import annotations

import json

import polars as pl
import pytest

from rtml.baselines import Baseline
from rtml.baselines.counting import COUNTS, merge_counts
from rtml.errors import RtmlError


@pytest.fixture
def baseline() -> Baseline:
    rows = [{"family": "f.x", "key": key, "container": "c", "count": 3} for key in "ab"]
    return Baseline(merge_counts([pl.DataFrame(rows, COUNTS)]))


def test_round_trip(baseline, tmp_path):
    baseline.save(tmp_path / "b")
    assert Baseline.load(tmp_path / "b").counts.equals(baseline.counts, null_equal=True)
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["baseline.json", "counts.parquet"]


def test_an_empty_baseline_round_trips(tmp_path):
    Baseline().save(tmp_path)
    assert Baseline.load(tmp_path).empty


def test_missing_folder(tmp_path):
    with pytest.raises(RtmlError, match="not a baseline"):
        Baseline.load(tmp_path / "nowhere")


@pytest.mark.parametrize("cut", [0, 10, -1])
def test_truncated_table(baseline, tmp_path, cut):
    baseline.save(tmp_path)
    table = tmp_path / "counts.parquet"
    table.write_bytes(table.read_bytes()[:cut])
    with pytest.raises(RtmlError, match="altered"):
        Baseline.load(tmp_path)


def test_a_table_of_another_shape_with_a_fitting_header(baseline, tmp_path):
    bad = baseline.counts.with_columns(pl.col("count").cast(pl.Float64))
    Baseline(bad).save(tmp_path)
    with pytest.raises(RtmlError, match="columns are"):
        Baseline.load(tmp_path)


def test_negative_counts_are_refused(baseline, tmp_path):
    Baseline(baseline.counts.with_columns(count=-pl.col("count"))).save(tmp_path)
    with pytest.raises(RtmlError, match="negative"):
        Baseline.load(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", "not json", json.dumps({"format": 99})])
def test_broken_header(baseline, tmp_path, text):
    baseline.save(tmp_path)
    (tmp_path / "baseline.json").write_text(text)
    with pytest.raises(RtmlError, match="baseline"):
        Baseline.load(tmp_path)


def test_a_missing_table_is_a_clear_error(baseline, tmp_path):
    baseline.save(tmp_path)
    (tmp_path / "counts.parquet").unlink()
    with pytest.raises(RtmlError, match="cannot be read"):
        Baseline.load(tmp_path)
