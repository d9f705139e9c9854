"""Margins against the formulae as they are written down, worked out one number at a time."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtml.models.calibration import Calibration
from rtml.models.tails import UNKNOWN, Prior

Groups = dict[str, list[float]]
SCORE = st.one_of(*[st.integers(0, 60)] * 15, st.integers(2_000, 2_400)).map(float)
SCORES = st.lists(SCORE, min_size=1, max_size=80)
GROUPS = st.dictionaries(st.sampled_from("abc"), SCORES, min_size=1)
PRIORS = st.sampled_from([Prior(), Prior(0.1, 4.0), Prior(-0.1, 0.075), Prior(0.2)])


def calibrated(groups: Groups, days: float, prior: Prior = UNKNOWN, unit: float = 0.0) -> Calibration:
    scores = [score for held in groups.values() for score in held]
    names = [name for name, held in groups.items() for _ in held]
    spent = dict.fromkeys(groups, days)
    return Calibration.fit(np.array(scores), names, spent, unit=unit, prior=prior)


def highest(scores: list[float], rank: float) -> float:
    """Return the score of a rank, counted from the top; the last one beyond the end."""
    ordered = sorted(scores, reverse=True)
    return ordered[min(max(round(rank), 1), len(ordered)) - 1]


def scales(factor: float, shape: float) -> float:
    """Say how many scales a tail stretches while its rate falls by a factor."""
    return (factor**shape - 1) / shape if shape else math.log(factor)


def rarity(start: float, scale: float, shape: float, score: float) -> float:
    """Return ln(R / lambda) as the text has it; a straight line below the start and beyond the end."""
    z = (score - start) / scale
    if z <= 0 or not shape:
        return z
    if 1 + shape * z < 0.1:  # a tenth of the way is left to the end of a tail that has one
        return math.log(0.1) / shape + z - (1 - 0.1) / -shape
    return math.log(1 + shape * z) / shape


def tail(
    scores: list[float], days: float, rate: float, prior: Prior, unit: float, parts: tuple[int, ...]
) -> tuple[float, float, float]:
    """Return start, scale and exceedances of scores of which none is an outlier."""
    number = min(max(round(rate * days), 1), len(scores))
    start = highest(scores, rate * days)
    far = [part for part in parts if part == 2 or number / part >= 4]
    excess = [(highest(scores, rate * days / part) - start) / scales(part, prior.shape) for part in far]
    body = (highest(scores, 8 * rate * days) - start) / scales(1 / 8, prior.shape)
    borrowed = body if prior.scale is None else prior.scale
    kinds = len(set(sorted(scores, reverse=True)[:number]))
    scale = (kinds * statistics.mean(excess) + 20 * borrowed) / (kinds + 20)
    middle = statistics.median(scores)
    spread = statistics.mean(abs(score - middle) for score in scores)
    return start, max(scale, unit, spread / 100) or 1.0, number


def margin(groups: Groups, each: float, prior: Prior, unit: float, group: str, score: float) -> float:
    """Work out a margin, one number at a time."""
    scores = sorted(score for held in groups.values() for score in held)
    days = each * len(groups)
    rate = min(max(120, 20 / days), len(scores) / 10 / days)
    outliers, mild = 0, Prior(max(prior.shape, 0.1), prior.scale)
    for _ in range(6 if len(scores) >= 50 else 0):
        start, scale, number = tail(scores[: len(scores) - outliers], days, rate, mild, unit, (2,))
        far = sum(rarity(start, scale, mild.shape, s) > max(0, math.log(rate / 0.3)) for s in scores)
        if far <= outliers or far > number:
            break
        outliers = far
    kept = scores[: len(scores) - outliers]
    start, scale, _ = tail(kept, days, rate, prior, unit, (2, 3, 4, 6, 8, 12, 16))
    own = [s for s in groups.get(group, []) if not outliers or s < scores[-outliers]]
    pull = rate * each / (rate * each + 20)
    moved = start + pull * (highest(own, rate * each) - start) if own else start
    return rarity(moved, scale, prior.shape, score)


@settings(max_examples=200, deadline=None)
@given(
    groups=GROUPS,
    days=st.sampled_from([0.01, 0.11, 0.5, 3.0]),
    prior=PRIORS,
    unit=st.sampled_from([0.0, 1.0]),
    score=st.integers(-50, 3_000).map(float),
)
def test_a_margin_is_what_the_formula_says(
    groups: Groups, days: float, prior: Prior, unit: float, score: float
):
    for group in (*groups, "new"):
        got = calibrated(groups, days, prior, unit).margins(np.array([score]), [group])[0]
        assert got == pytest.approx(margin(groups, days, prior, unit, group, score), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("prior", [Prior(), Prior(0.1, 4.0), Prior(-0.1, 0.5)], ids=str)
def test_a_margin_is_what_the_formula_says_with_outliers_too(seed: int, prior: Prior):
    rng = np.random.default_rng(seed)
    groups = {name: rng.exponential(2.0, rng.integers(20, 400)).round(3).tolist() for name in "abcd"}
    groups["b"] += [1e3 + n for n in range(seed)]
    for group in (*groups, "new"):
        score = float(rng.exponential(12.0))
        got = calibrated(groups, 0.15, prior).margins(np.array([score]), [group])[0]
        assert got == pytest.approx(margin(groups, 0.15, prior, 0.0, group, score), rel=1e-9)


def test_a_margin_by_hand():
    """A thousand trees in a day, 0 to 999: the tail are the highest 100, and their median excess is 50.

    Own scale: the mean of 50 / ln 2, 67 / ln 3, 75 / ln 4 ..., 94 / ln 16 = 49.5 with weight 100; down to
    rank 800 it falls by 700: 700 / ln 8 = 336.63, weight 20.
    """
    calibration = calibrated({"a": np.arange(1000.0).tolist()}, 1.0)
    excess = {2: 50, 3: 67, 4: 75, 6: 83, 8: 88, 12: 92, 16: 94}
    own = statistics.mean(value / math.log(part) for part, value in excess.items())
    scale = (100 * own + 20 * 700 / math.log(8)) / 120
    assert calibration.tail.rate == 100
    assert calibration.tail.scale == pytest.approx(scale) == pytest.approx(97.4, abs=0.1)
    assert calibration.margins(np.array([900.0, 900 + 2 * scale]), ["a"] * 2).tolist() == [
        0.0,
        pytest.approx(2.0),
    ]
    assert calibration.threshold(1.0).limit == pytest.approx(math.log(100))


@pytest.mark.parametrize(
    ("groups", "unit", "score", "expected"),
    [
        ({"a": [0.0] * 20}, 1.0, 4.0, 4.0),  # scores in bits: a tail is at least one bit wide
        ({"a": [5.0] * 20}, 0.0, 5.5, 0.5),  # all alike: one
        ({"a": [0.0] * 200 + [100.0] * 10}, 0.0, 0.0, 0.0),  # the 21st has the value of the body
    ],
)
def test_margins_by_hand(groups: Groups, unit: float, score: float, expected: float):
    got = calibrated(groups, 1.0, unit=unit).margins(np.array([score]), ["a"])
    assert got.tolist() == [pytest.approx(expected)]


def test_a_group_is_pulled_towards_all_as_by_20_exceedances():
    """Both groups have half of the 100 exceedances of a day: 50 of 70 parts are their own."""
    groups = {"low": np.arange(500.0).tolist(), "high": np.arange(500.0, 1000.0).tolist()}
    calibration, scale = calibrated(groups, 0.5), calibrated(groups, 0.5).tail.scale
    for group, own in {"low": 450.0, "high": 950.0, "new": 900.0}.items():
        start = 900 + 50 / 70 * (own - 900)
        assert calibration.margins(np.array([start]), [group])[0] == pytest.approx(0, abs=1e-9), group
        assert calibration.margins(np.array([start + scale]), [group])[0] == pytest.approx(1), group


def test_outliers_move_the_start_of_no_group():
    """A dozen attacks in a group that is watched for a tenth of a day are all of its exceedances."""
    rng = np.random.default_rng(6)
    quiet = {name: rng.exponential(2.0, 1_000).tolist() for name in ("web", "app", "job", "db")}
    attacked = quiet | {"app": [*quiet["app"], *[500.0] * 12]}
    clean, dirty = calibrated(quiet, 0.1), calibrated(attacked, 0.1)
    assert dirty.outliers == 12
    scores, groups = np.array([30.0, 30.0]), ["web", "app"]
    np.testing.assert_allclose(dirty.margins(scores, groups), clean.margins(scores, groups), rtol=0.1)


def test_scores_that_are_no_numbers_calibrate_nothing():
    held = calibrated({"a": [1.0, math.inf, 2.0, math.nan, -math.inf]}, 1.0)
    assert held.pooled.tolist() == [1.0, 2.0]
    assert math.isfinite(held.threshold(1.0).limit)
