"""The vectorised bootstrap agrees with scikit-learn, ties and all."""

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from rtml.evaluation.measure import poisson_rate, share
from rtml.evaluation.ranking import Ranked, auroc, ranks, tpr_at_fpr, weighted_precision
from rtml.evaluation.sides import scores_of_findings
from tests.evaluation.frames import MINUTE, make_finding, make_windows


@pytest.mark.parametrize("seed", range(8))
def test_resampled_precision_equals_sklearn_with_weights(seed):
    rng = np.random.default_rng(seed)
    target = (rng.random(300) < 0.2).astype(int)
    ranked = Ranked(rng.integers(0, 12, 300).astype(float), target, np.eye(target.sum(), dtype=bool))
    weights = np.ones(300)
    weights[target == 1] = rng.integers(1, 4, target.sum())
    ours = weighted_precision(ranked, weights[target == 1][None, :])[0]
    expected = average_precision_score(target, ranked.rank, sample_weight=weights)
    assert ours == pytest.approx(expected)


def test_auroc_equals_sklearn_with_ties():
    rng = np.random.default_rng(0)
    target = (rng.random(400) < 0.3).astype(int)
    scores = pl.Series(rng.integers(0, 5, 400).astype(float))
    ranked = Ranked(ranks(scores), target, np.eye(target.sum(), dtype=bool))
    assert auroc(ranked).value == pytest.approx(roc_auc_score(target, scores.to_numpy()))


def test_tied_benign_windows_are_taken_together():
    """Two of 150 benign windows tie with the attacks: a threshold there costs more than 1 %."""
    target = np.array([0] * 150 + [1] * 4)
    rank = np.array([1.0] * 148 + [2.0] * 2 + [2.0] * 3 + [3.0])
    ranked = Ranked(rank, target, np.eye(4, dtype=bool))
    assert tpr_at_fpr(ranked).value == 0.25
    assert tpr_at_fpr(ranked, fpr=0.02).value == 1.0


def test_intervals_repeat_and_hold_their_point():
    found = np.array([True] * 9 + [False] * 7)
    assert share(found, seed=4) == share(found, seed=4)
    assert share(found).low < share(found).value < share(found).high
    assert share(np.zeros(16, bool)).high == pytest.approx(0.206, abs=1e-3)
    assert poisson_rate(5, 0).reason == "no container time in the test part"


def test_a_long_finding_marks_every_window_that_it_covers():
    windows = make_windows(2, 6)
    scores = scores_of_findings(make_finding(first=1.5, last=3.2, severity=7.0), windows, MINUTE)
    assert scores["score"].to_list()[:6] == [0.0, 7.0, 7.0, 7.0, 0.0, 0.0]
    assert scores["score"].sum() == 21.0
