"""The families in Polars and written plainly in pandas give the same numbers."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from benchmarks.plain.families import plain_features
from benchmarks.synthetic import write_synthetic
from rtml.captures import Capture, open_capture
from rtml.features import FAMILIES, learn, windows

THREE = ["lineage", "binaries", "destinations"]


def compare(capture: Capture, folder: Path, **span: object) -> None:
    history = learn(capture, families=THREE, **span)
    ours = windows(capture, history, THREE)
    table = plain_features(folder, history.counts.to_pandas())
    plain = pl.from_pandas(table.assign(window=table["window"].dt.tz_convert(None)))
    cells = ["container_id", "window"]
    utc = pl.col("window").dt.replace_time_zone("UTC").cast(ours.schema["window"])
    plain = plain.with_columns(utc, pl.col("events").cast(pl.Int64))
    assert ours.select(*cells, "events").equals(plain.sort(cells).select(*cells, "events"))
    for name in (column for family in THREE for column in FAMILIES[family].columns):
        expected = plain.sort(cells)[name].to_list()
        assert ours[name].to_list() == pytest.approx(expected, abs=2e-3), name


def test_on_a_small_synthetic_capture(tmp_path):
    folder = write_synthetic(tmp_path / "capture", 40_000, seed=3)
    middle = dt.datetime(2026, 1, 5, 0, 20, tzinfo=dt.UTC)
    compare(open_capture(folder), folder, end=middle)


def test_on_the_shipped_capture(lab):
    compare(lab, Path(lab.path), end=dt.datetime(2026, 11, 24, 3, 5, tzinfo=dt.UTC))


def test_the_same_seed_makes_the_same_capture(tmp_path):
    tables = [
        open_capture(write_synthetic(tmp_path / name, 5_000, seed=9)).events().collect()
        for name in ("one", "two")
    ]
    assert tables[0].equals(tables[1])
    assert tables[0].height == 5_000
