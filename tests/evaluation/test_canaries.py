"""The harness against detectors whose answer is known."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from rtml.evaluation.canaries import CANARIES, DELAY
from rtml.evaluation.sides import Side
from rtml.evaluation.track import make_track
from rtml.evaluation.trivial import flag_trees
from rtml.evaluation.verdict import assess
from rtml.schema import FINDINGS, LABELS, empty
from tests.evaluation.frames import at, make_finding, make_labels, score_frame

NOTHING = empty(FINDINGS)


def judge(name, track, seed=0):
    scores = score_frame(track.windows, CANARIES[name](replace(track, seed=seed)))
    found = flag_trees(name, scores, 1.0, track)
    return assess(Side(name, "trivial", found, scores), track)


def test_perfect_finds_all_with_no_false_finding(windows, labels):
    verdict = judge("perfect", make_track(windows, labels))
    assert (verdict.found, verdict.false) == (6, 0)
    assert verdict.auroc.value == verdict.average_precision.value == verdict.tpr.value == 1.0
    assert verdict.recall.method == "exact binomial" and verdict.recall.low < 0.6
    assert 0 < verdict.delay.value <= 60


def test_null_ranks_nothing(windows, labels):
    track = make_track(windows, labels)
    verdict = judge("null", track)
    assert verdict.auroc.value == 0.5
    assert verdict.tpr.value == 0.0, "tied scores are taken together or not at all"
    positive = int((track.windows["target"] == 1).sum())
    benign = int((track.windows["target"] == 0).sum())
    assert verdict.average_precision.value == pytest.approx(positive / (positive + benign))
    assert verdict.remarks == ["hard score: only 1 level(s), so AUROC and AP are coarse"]


def test_random_is_half_over_seeds(windows, labels):
    track = make_track(windows, labels)
    values = [judge("random", track, seed).auroc.value for seed in range(30)]
    assert np.mean(values) == pytest.approx(0.5, abs=0.03)


def test_inverted_is_zero(windows, labels):
    verdict = judge("inverted", make_track(windows, labels))
    assert verdict.auroc.value == 0.0 and verdict.found == 0


def test_delayed_shows_its_delay(windows, labels):
    verdict = judge("delayed", make_track(windows, labels))
    assert verdict.found == 6
    late = DELAY.total_seconds()
    assert verdict.attacks["delay_s"].min() >= late
    assert late <= verdict.delay.value <= late + 120


def test_shuffled_labels_are_about_half(windows, labels):
    """A perfect score against labels that were moved elsewhere must lose its power."""
    track = make_track(windows, labels)
    scores = score_frame(track.windows, CANARIES["perfect"](replace(track, labels=labels)))
    values = []
    for seed in range(30):
        starts = np.random.default_rng(seed).integers(0, 110, 6)
        moved = make_labels(
            *((f"a{n}", f"c{n % 4}", float(s), float(s) + 8, None) for n, s in enumerate(starts))
        )
        side = Side("perfect", "model", NOTHING, scores)
        values.append(assess(side, make_track(windows, moved)).auroc.value)
    assert np.mean(values) == pytest.approx(0.5, abs=0.05)


def test_no_attack_is_undefined_not_zero(windows):
    track = make_track(windows, empty(LABELS))
    verdict = judge("perfect", track)
    for measure in (verdict.recall, verdict.auroc, verdict.average_precision, verdict.tpr):
        assert measure.value is None and measure.reason
    assert verdict.rate.value == 0.0


def test_one_hit_in_a_day_does_not_find_a_day(windows):
    """Attacks all day; one finding finds the one attack that it overlaps."""
    labels = make_labels(*((f"a{n}", "c0", n * 10.0, n * 10.0 + 5, None) for n in range(12)))
    track = make_track(windows, labels)
    chosen = (track.windows["container_id"] == "c0") & (track.windows["window"] == at(31))
    scores = score_frame(track.windows, chosen.cast(float))
    verdict = assess(Side("one", "trivial", flag_trees("one", scores, 1.0, track), scores), track)
    assert verdict.found == 1 and verdict.recall.value == pytest.approx(1 / 12)


def test_no_opinion_on_an_attack_counts_as_lowest_and_is_said(windows, labels):
    track = make_track(windows, labels)
    scores = score_frame(track.windows, np.linspace(0, 1, track.windows.height))
    silent = scores.with_columns(score=pl.when(track.windows["target"] == 1).then(None).otherwise("score"))
    verdict = assess(Side("silent", "model", NOTHING, silent), track)
    assert verdict.auroc.value == 0.0
    assert "no opinion on" in verdict.remarks[0]


def test_silence_is_no_way_to_rank_well(windows, labels):
    """Who is silent on the quiet part of benign time neither ranks better nor watched that time."""
    track = make_track(windows, labels)
    noisy = np.random.default_rng(1).random(track.windows.height)
    scores = score_frame(track.windows, noisy + track.windows["target"].fill_null(0).to_numpy() / 2)
    quiet = pl.when(pl.Series(noisy) < 0.5).then(None).otherwise("score")
    findings = make_finding("c3", first=5, process_id=99, source="model")
    whole, part = (
        assess(Side("x", "model", findings, frame), track)
        for frame in (scores, scores.with_columns(score=quiet))
    )
    assert (
        part.auroc.value < whole.auroc.value and part.average_precision.value < whole.average_precision.value
    )
    assert part.rate.value > 1.8 * whole.rate.value, "a false finding in half of the time"


def test_a_detector_that_never_speaks_is_refused(windows, labels):
    track = make_track(windows, labels)
    mute = score_frame(track.windows, np.full(track.windows.height, np.nan))
    verdict = assess(Side("mute", "model", NOTHING, mute), track)
    assert verdict.auroc.reason == verdict.tpr.reason == "gave no opinion on any window"


def test_intervals_resample_attacks_and_containers_around_the_point(windows, labels):
    track = make_track(windows, labels)
    noisy = np.random.default_rng(1).random(track.windows.height)
    scores = score_frame(track.windows, noisy + track.windows["target"].fill_null(0).to_numpy() / 2)
    verdict = assess(Side("noisy", "model", NOTHING, scores), track)
    for measure in (verdict.auroc, verdict.average_precision, verdict.tpr):
        assert measure.low < measure.value < measure.high, measure
        assert measure.method == "bootstrap over 6 attacks x 4 benign containers"


def test_infinite_scores_rank_highest(windows, labels):
    track = make_track(windows, labels)
    scores = score_frame(track.windows, np.where(track.windows["target"].fill_null(0) == 1, np.inf, 0))
    assert assess(Side("inf", "model", NOTHING, scores), track).auroc.value == 1.0


def test_tpr_is_refused_with_few_benign_windows(windows, labels):
    few = windows.filter((pl.col("container_id") == "c0") & (pl.col("window") < at(60)))
    track = make_track(few, labels)
    assert judge("perfect", track).tpr.reason.startswith("needs >= 100 benign windows, has ")
