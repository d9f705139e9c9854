"""What is read off a ranking equals scikit-learn, weights, ties and all; resampling is two-way and quick."""

import datetime as dt
import time

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from rtml.evaluation.ranking import Ranked, below_chance, ranked_measures, ranks, single
from rtml.evaluation.resampling import _curve, coarse, count, point, resample, weights
from rtml.evaluation.roc import STATISTICS
from rtml.evaluation.sides import scores_of_findings
from rtml.evaluation.targets import overlaps
from rtml.times import UTC_NS
from tests.evaluation.frames import MINUTE, make_finding, make_windows


def sklearn_says(target, rank, weights):
    false, true, _ = roc_curve(target, rank, sample_weight=weights, drop_intermediate=False)
    return {
        "auroc": roc_auc_score(target, rank, sample_weight=weights),
        "average_precision": average_precision_score(target, rank, sample_weight=weights),
        "partial_auroc": roc_auc_score(target, rank, sample_weight=weights, max_fpr=0.01),
        **{f"tpr_at_fpr_1e-{n}": true[np.flatnonzero(false <= 10**-n * (1 + 1e-12))[-1]] for n in (2, 3, 4)},
    }


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 12, 10_000]), st.sampled_from([0.02, 0.2, 0.9]))
def test_every_statistic_equals_sklearn_with_weights_and_ties(seed, levels, prevalence):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(40, 900))
    target = (rng.random(n) < prevalence).astype(int)
    target[:2] = 0, 1
    rank = rng.integers(0, levels, n).astype(float) + target * rng.integers(0, 3)
    group = rng.integers(0, 7, n)
    counts = count(rank, target, np.eye(target.sum(), dtype=bool), group)
    drawn = rng.integers(0, 4, (target.sum(), 3)).astype(float) + [[1.0, 0.0, 0.5]]
    drawn[0] += 1  # and some attack window
    boxes = np.unique(group[target == 0])
    of_box = rng.integers(0, 3, (len(boxes), 3)).astype(float) + [[0.0, 1.0, 0.5]]
    of_box[0] += 1  # some benign window has weight
    weights = np.zeros((n, 3))
    weights[target == 1] = drawn
    weights[target == 0] = of_box[np.searchsorted(boxes, group[target == 0])]
    curve = _curve(counts, drawn, of_box)
    for name, statistic in STATISTICS.items():
        ours = statistic.of(curve)
        for column in range(3):
            expected = sklearn_says(target, rank, weights[:, column])[name]
            assert ours[column] == pytest.approx(expected, abs=1e-9), name


def test_the_point_is_the_curve_without_weights():
    rng = np.random.default_rng(1)
    target = (rng.random(400) < 0.3).astype(int)
    scores = pl.Series(rng.integers(0, 5, 400).astype(float))
    ranked = Ranked(ranks(scores), target, np.eye(target.sum(), dtype=bool), rng.integers(0, 9, 400))
    expected = sklearn_says(target, scores.to_numpy(), np.ones(400))
    for name in ("auroc", "average_precision", "partial_auroc", "tpr_at_fpr_1e-2"):
        assert single(ranked, name).value == pytest.approx(expected[name])
    assert "needs >= 1000 benign windows" in single(ranked, "tpr_at_fpr_1e-3").reason


def test_tied_benign_windows_are_taken_together():
    """Two of 150 benign windows tie with the attacks: a threshold there costs more than 1 %."""
    target = np.array([0] * 150 + [1] * 4)
    rank = np.array([1.0] * 148 + [2.0] * 2 + [2.0] * 3 + [3.0])
    curve = point(count(rank, target, np.eye(4, dtype=bool), np.zeros(154)))
    assert STATISTICS["tpr_at_fpr_1e-2"].of(curve)[0] == 0.25
    assert STATISTICS["tpr_at_fpr_1e-2"].of.func(curve, 0.02)[0] == 1.0


def two_way(seed=0, benign_boxes=6, spread=0.0, attacks=12):
    """Attacks of five windows; benign windows whose level differs from container to container."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(benign_boxes + 1), 60)
    target = (group == benign_boxes).astype(int)
    level = np.append(rng.normal(0, spread, benign_boxes), 1.0)
    scores = rng.normal(size=len(group)) + level[group]
    owners = np.repeat(np.eye(attacks, dtype=bool), 60 // attacks, axis=0)
    return Ranked(ranks(pl.Series(scores)), target, owners, group)


def test_containers_that_differ_widen_the_interval():
    def width(ranked):
        measure = ranked_measures(ranked)["auroc"]
        return measure.high - measure.low

    alike, apart = two_way(spread=0.0), two_way(spread=2.0)
    only_attacks = Ranked(apart.rank, apart.target, apart.attacks)
    assert width(apart) > 2 * width(alike)
    assert width(apart) > 2 * width(only_attacks), "benign containers are drawn too"
    method = ranked_measures(apart)["auroc"].method
    assert method == "bootstrap over 12 attacks x 6 benign containers"
    assert ranked_measures(only_attacks)["auroc"].method == "bootstrap over 12 attacks, one benign container"


def test_intervals_hold_the_truth_most_of_the_time():
    """A hundred draws of both attacks and containers; the true AUROC is found once, from very many."""
    truth = np.mean([single(two_way(seed, 40, 0.7), "auroc").value for seed in range(1000, 1200)])
    drawn = [ranked_measures(two_way(seed, 40, 0.7), resamples=300)["auroc"] for seed in range(100)]
    assert np.mean([m.low <= truth <= m.high for m in drawn]) >= 0.88


def test_intervals_repeat_and_do_not_claim_certainty():
    ranked = two_way()
    assert ranked_measures(ranked, 4) == ranked_measures(ranked, 4) != ranked_measures(ranked, 5)
    perfect = Ranked(ranked.target + 1.0, ranked.target, ranked.attacks, ranked.container)
    for measure in (ranked_measures(perfect)[name] for name in ("auroc", "average_precision")):
        assert (measure.value, measure.high) == (1.0, 1.0)
        assert measure.low == pytest.approx(0.025 ** (1 / 12)) and "resamples are alike" in measure.method


def test_chunks_of_resamples_change_nothing(monkeypatch):
    ranked = two_way()
    monkeypatch.setattr("rtml.evaluation.resampling._CELLS", 4_000)
    few = ranked_measures(ranked, resamples=200)
    assert few["auroc"].low < few["auroc"].value < few["auroc"].high
    monkeypatch.setattr("rtml.evaluation.resampling._CELLS", 1)
    assert ranked_measures(ranked, resamples=5)["auroc"].method == few["auroc"].method


def test_a_ranking_below_chance_is_named():
    ranked = two_way()
    turned = Ranked(ranked.rank.max() + 1 - ranked.rank, ranked.target, ranked.attacks, ranked.container)
    assert below_chance(ranked_measures(turned)["auroc"]) and not below_chance(
        ranked_measures(ranked)["auroc"]
    )


def test_a_hundred_thousand_windows_take_seconds():
    rng = np.random.default_rng(0)
    n, hits = 100_000, 1_000
    target = np.zeros(n, int)
    target[rng.choice(n, hits, replace=False)] = 1
    owners = np.repeat(np.eye(100, dtype=bool), 10, axis=0)
    ranked = Ranked(rng.permutation(n) + 1.0, target, owners, rng.integers(0, 300, n))
    start = time.process_time()
    ranked_measures(ranked, resamples=1000)
    assert time.process_time() - start < 15


def test_a_long_finding_marks_every_window_that_it_covers():
    windows = make_windows(2, 6)
    scores = scores_of_findings(make_finding(first=1.5, last=3.2, severity=7.0), windows, MINUTE)
    assert scores["score"].to_list()[:6] == [0.0, 7.0, 7.0, 7.0, 0.0, 0.0]
    assert scores["score"].sum() == 21.0


def test_many_scores_are_drawn_by_neighbours_without_moving_intervals(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(3)
    target = (rng.random(6000) < 0.5).astype(int)
    owners = np.zeros((target.sum(), 60), bool)
    owners[np.arange(target.sum()), rng.integers(0, 60, target.sum())] = True
    ranked = Ranked(
        ranks(pl.Series(rng.normal(size=6000) + target)), target, owners, rng.integers(0, 40, 6000)
    )
    fine = count(ranked.rank, target, owners, ranked.container)
    coarser = coarse(fine, 300)
    assert coarser.caught.shape[0] <= 300 < fine.caught.shape[0]
    assert coarser.caught.sum() == pytest.approx(fine.caught.sum())
    assert coarser.reached.sum() == fine.reached.sum() and coarser.tied.toarray().min() >= 0
    values = [resample(one, STATISTICS, 1, 100) for one in (fine, coarser)]
    for name in ("auroc", "average_precision", "partial_auroc"):
        assert values[0][name] == pytest.approx(values[1][name], abs=0.01), name
    assert coarse(fine, 10**6) is fine


def test_many_units_are_drawn_as_often_as_there_are():
    drawn = weights(np.random.default_rng(1), 5000, 20)
    assert (
        drawn.shape == (5000, 20)
        and (drawn.sum(axis=0) == 5000).all()
        and drawn.std() == pytest.approx(1, abs=0.05)
    )


def test_many_attacks_in_one_container_are_laid_out_not_multiplied():
    """Ten thousand attacks by a hundred thousand windows of one container are a thousand million pairs."""
    begin, minute = dt.datetime(2026, 1, 1, 0, 0, 7, tzinfo=dt.UTC), dt.timedelta(minutes=1)
    windows = pl.DataFrame({"container_id": "c", "window": [begin + n * minute for n in range(100_000)]})
    starts = [begin + 10 * n * minute for n in range(10_000)]
    labels = pl.DataFrame(
        {"container_id": "c", "attack_id": [str(n) for n in range(10_000)], "start": starts,
         "end": [start + 2.5 * minute for start in starts]}
    ).cast({"start": UTC_NS, "end": UTC_NS})  # fmt: skip
    rows = overlaps(windows.cast({"window": UTC_NS}), labels, "60s")
    assert rows.height == 30_000 and rows.group_by("attack_id").len()["len"].unique().to_list() == [3]


def test_a_label_of_centuries_is_laid_out_over_what_was_seen():
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    windows = pl.DataFrame({"container_id": ["c"], "window": [at]}).cast({"window": UTC_NS})
    ends = {
        "start": [dt.datetime(1971, 1, 1, tzinfo=dt.UTC)],
        "end": [dt.datetime(2199, 1, 1, tzinfo=dt.UTC)],
    }
    labels = pl.DataFrame({"container_id": ["c"], "attack_id": ["a"], **ends}).cast(
        {"start": UTC_NS, "end": UTC_NS}
    )
    assert overlaps(windows, labels, "1s").height == 1
    assert overlaps(windows.clear(), labels, "1s").height == 0
