"""Labelled attacks before the test are refused, or left out of all that learns."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from rtml.captures import open_captures
from rtml.errors import RtmlError
from rtml.evaluation import read_labels
from rtml.experiment.config import Experiment
from rtml.experiment.early import without_early_attacks
from rtml.splits import Split
from tests.conftest import LAB


def at(hour: int, minute: int) -> dt.datetime:
    return dt.datetime(2026, 11, 24, hour, minute, tzinfo=dt.UTC)


LATE = Split(at(3, 6), at(3, 20), at(2, 57), at(3, 28))
"""A test that begins in the midst of the attacks."""


def asked(**split: str) -> Experiment:
    return Experiment.model_validate({"capture": [str(LAB / "capture")], "split": split})


def test_early_attacks_are_refused_unless_the_experiment_says_what_to_do():
    capture, labels = open_captures([LAB / "capture"]), read_labels(LAB / "labels.parquet")
    with pytest.raises(RtmlError, match="benign data is not benign"):
        without_early_attacks(capture, labels, LATE, asked())


def test_left_out_windows_are_missing_for_models_and_for_tuning_alike():
    capture, labels = open_captures([LAB / "capture"]), read_labels(LAB / "labels.parquet")
    early = without_early_attacks(capture, labels, LATE, asked(early_attacks="leave out"))
    attack = labels.sort("start").row(0, named=True)
    inside = (pl.col("container_id").cast(pl.String) == attack["container_id"]) & pl.col("time").is_between(
        attack["start"], attack["end"]
    )
    assert capture.events().filter(inside).collect().height > 0
    assert early.capture.events().filter(inside).collect().is_empty()
    hits = capture.events(["container_id", "time", "kind"]).filter(inside).collect()
    assert early.without_attacks(hits).is_empty()
    assert "left out" in early.notes[0] and early.vouched


def test_without_early_attacks_the_capture_is_the_same():
    capture, labels = open_captures([LAB / "capture"]), read_labels(LAB / "labels.parquet")
    benign = Split(at(3, 6), at(3, 14), at(2, 57), at(3, 28))
    early = without_early_attacks(capture, labels, benign, asked())
    assert early.capture is capture and early.notes == [] and not early.vouched


def test_who_keeps_early_attacks_vouches_for_nothing():
    capture, labels = open_captures([LAB / "capture"]), read_labels(LAB / "labels.parquet")
    assert not without_early_attacks(capture, labels, LATE, asked(early_attacks="keep")).vouched
