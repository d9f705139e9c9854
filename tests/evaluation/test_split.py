"""The split is by time, its proof holds, and planted leaks are refused."""

import datetime as dt

import polars as pl
import pytest

from rtml.errors import RtmlError, UsageError
from rtml.evaluation.proof import attacks_in_training, prove
from rtml.evaluation.sides import Side
from rtml.evaluation.split import assign, refuse_peeking
from rtml.evaluation.track import make_track
from rtml.evaluation.verdict import assess
from rtml.schema import FINDINGS, empty
from rtml.splits import Split
from tests.evaluation.frames import BEGIN, MINUTE, at, make_labels


def ends(windows):
    return windows["window"].min(), windows["window"].max() + MINUTE


def share(windows, calibrate, test):
    return Split(calibrate, test).between(*ends(windows))


def halves(windows):
    return assign(windows, share(windows, 0.4, 0.6), MINUTE)


def test_fractions_are_of_time(windows):
    parts = halves(windows)["part"].value_counts().sort("count")
    assert dict(parts.iter_rows()) == {"calibrate": 96, "train": 192, "test": 192}
    proof = prove(halves(windows), MINUTE)
    assert proof.containers == 4 and proof.left_out == 0
    assert "end of train 00:48:00 <= begin of calibrate 00:48:00" in proof.statement


def test_a_straddling_window_belongs_to_no_part(windows):
    split = Split(at(30.5), at(60)).between(*ends(windows))
    parts = assign(windows, split, MINUTE)
    assert parts.filter(pl.col("part").is_null())["window"].unique().to_list() == [at(30)]
    assert prove(parts, MINUTE).left_out == 4


def test_a_shuffled_split_is_refused(windows):
    shuffled = halves(windows).with_columns(pl.col("part").shuffle(seed=1))
    with pytest.raises(RtmlError, match="shuffled"):
        prove(shuffled, MINUTE)


def test_a_window_that_ends_after_calibration_begins_is_refused(windows):
    with pytest.raises(RtmlError, match="train ends at"):
        prove(halves(windows), 2 * MINUTE)


def test_an_empty_part_is_refused(windows):
    parts = halves(windows).filter(pl.col("part") != "calibrate")
    with pytest.raises(RtmlError, match="'calibrate' holds no whole window"):
        prove(parts, MINUTE)


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ((at(5), at(3), at(0), at(9)), "calibrate .* must come before test"),
        ((at(5), at(7), at(6)), "start .* must come before calibrate"),
        ((dt.datetime(2026, 1, 1), at(1)), "UTC"),
        ((0.5, at(3)), "both as shares"),
        ((0.9, 0.2), "must come before"),
        ((0.0, 0.2), "must come before"),
        ((0.5, 1.2), "must come before"),
    ],
)
def test_edges_out_of_order_mixed_or_without_zone(edges, message):
    with pytest.raises(UsageError, match=message):
        Split(*edges)


def test_shares_must_be_of_something():
    with pytest.raises(UsageError, match="shares of what"):
        Split(0.5, 0.7).bounds("test")


def test_group_leaks_are_noted(windows):
    rows = halves(windows).with_columns(pl.lit(1.0).alias("activity.events"))
    notes = prove(rows, MINUTE).notes
    assert "container_id: 4 of 4 in test were also trained on" in notes
    assert "192 of 192 test rows equal a training row in every feature" in notes


def test_attacks_in_benign_time(windows):
    split = share(windows, 0.4, 0.6)
    early = make_labels(("a", "c0", 10, 12, None), ("b", "c0", 100, 101, None))
    with pytest.raises(RtmlError, match="benign data is not benign: 1 attack"):
        attacks_in_training(early, split)
    assert "'a'" in attacks_in_training(early, split, allow=True)[0]
    assert attacks_in_training(early.filter(pl.col("attack_id") == "b"), split) == []


def test_a_threshold_from_test_time_is_refused(windows, labels):
    split = share(windows, 0.4, 0.6)
    refuse_peeking("model", split.test, split.test)
    late = Side("late", "model", empty(FINDINGS), fitted_until=at(119))
    track = make_track(windows, labels, split=split)
    with pytest.raises(RtmlError, match="side 'late' was fitted on data up to"):
        assess(late, track)


def test_only_test_time_is_judged(windows, labels):
    track = make_track(windows, labels, split=Split(at(30), at(60)).between(*ends(windows)))
    assert track.labels["attack_id"].to_list() == ["a5", "a4", "a6"]
    assert track.container_days == pytest.approx(4 * 60 / 1440)
    assert track.notes == ("3 attack(s) lie outside test time: left out",)
    assert BEGIN < track.windows["window"].min()
