"""Tails: scales that come back, outliers that move nothing, borrowing that is said, margins in order."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtml.detectors import make_detector
from rtml.models.tails import BORROWED, RATE, SHIPPED, UNKNOWN, Prior, Tail, fit_tail, prior_of

NUMBERS = st.floats(-1e6, 1e6, width=32)
SHAPES = st.sampled_from([-0.9, -0.1, 0.0, 0.1, 0.9])


def pareto(shape: float, scale: float, size: int, seed: int) -> np.ndarray:
    """Draw from a generalised Pareto distribution by its inverse."""
    uniform = np.random.default_rng(seed).random(size)
    return scale * -np.log(uniform) if not shape else scale * (uniform**-shape - 1) / shape


@pytest.mark.parametrize("scale", [0.05, 3.0, 400.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_exponential_tail_has_the_scale_it_was_drawn_with(scale: float, seed: int):
    tail, _ = fit_tail(pareto(0.0, scale, 60_000, seed), days=4.0)
    assert tail.scale == pytest.approx(scale, rel=0.15)
    assert tail.start == pytest.approx(scale * math.log(60_000 / (RATE * 4)), rel=0.03)


@pytest.mark.parametrize("shape", [-0.2, -0.1, 0.1, 0.3])
def test_a_pareto_tail_of_known_shape_has_the_scale_of_its_excesses(shape: float):
    """Beyond u a Pareto variable of scale s is one of scale s + shape u."""
    scores = pareto(shape, 2.0, 200_000, seed=5)
    tail, _ = fit_tail(scores, days=10.0, prior=Prior(shape))
    assert tail.scale == pytest.approx(2.0 + shape * tail.start, rel=0.1)
    for daily in (40.0, 12.0, 4.0):
        exceeded = np.sort(scores)[-round(daily * 10)]
        assert tail.margin(np.array([exceeded]))[0] == pytest.approx(math.log(RATE / daily), abs=0.5)


@pytest.mark.parametrize("size", [6_000, 29_000])
@pytest.mark.parametrize("far", [60.0, 1e3, 1e9])
def test_29_far_outliers_do_not_move_the_threshold(size: int, far: float):
    """One to five of a thousand trees are attacks, as far out as they like."""
    benign = np.random.default_rng(size).exponential(2.0, size)
    clean, none = fit_tail(benign, days=1.0)
    tail, outliers = fit_tail(np.concatenate([benign, np.full(29, far)]), days=1.0)
    assert none <= 2 and 29 <= outliers <= 31
    level, before = (t.start + t.scale * t.limit(1.0) for t in (tail, clean))
    assert level == pytest.approx(before, rel=0.05)


def test_a_tail_that_is_half_attacks_is_left_as_it_is():
    """More outliers than exceedances cannot be told from benign ones: the text says that it fails."""
    scores = np.concatenate([np.random.default_rng(3).exponential(2.0, 1_000), np.full(200, 1e3)])
    tail, outliers = fit_tail(scores, days=1.0)
    assert outliers == 0 and tail.start == 1e3


def test_a_short_calibration_borrows_and_says_so():
    prior = Prior(0.0, 7.0)
    scores = np.random.default_rng(8).exponential(2.0, 4_000)
    shares, scales = [], []
    for days in (0.01, 0.1, 1.0, 10.0):
        tail, _ = fit_tail(scores[: int(400 * days) + 300], days, prior)
        assert tail.borrowed == BORROWED / (BORROWED + tail.exceedances)
        shares.append(tail.borrowed)
        scales.append(tail.scale)
    assert shares == sorted(shares, reverse=True) and shares[0] >= 0.4 and shares[-1] < 0.06
    assert scales[0] > scales[-1], "the fewer trees, the nearer to the borrowed scale of 7"


def test_what_is_not_known_is_borrowed_from_the_body():
    """Half of the scores are spread like one exponential, the tail is wider: the body pulls it in."""
    rng = np.random.default_rng(2)
    scores = np.concatenate([rng.exponential(1.0, 990), 7 + rng.exponential(9.0, 10)])
    alone, known = (fit_tail(scores, 10 / RATE, prior)[0] for prior in (UNKNOWN, Prior(0.0, 9.0)))
    assert alone.scale < known.scale


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_tails_have_a_scale_and_a_mean(name: str):
    prior = SHIPPED[name]
    assert prior.scale is not None and prior.scale > 0 and -1 < prior.shape < 1


def test_a_power_has_a_tail_of_its_own_that_ends_sooner_than_that_of_the_sum():
    scores, far = np.random.default_rng(3).exponential(3.0, 4000), np.array([40.0])
    priors = [prior_of(make_detector("surprise", {"power": power})) for power in (1.0, 4.0)]
    summed, strongest = (fit_tail(scores, 1.0, prior)[0] for prior in priors)
    assert strongest.margin(far) > summed.margin(far)
    assert prior_of(make_detector("isolation_forest", {})) == SHIPPED["isolation_forest"]


@settings(max_examples=80, deadline=None)
@given(
    scores=st.lists(NUMBERS, min_size=1, max_size=80),
    new=st.lists(NUMBERS, min_size=1, max_size=20),
    shape=SHAPES,
    days=st.sampled_from([0.001, 0.1, 1.0, 30.0]),
)
def test_margins_are_finite_and_keep_the_order_of_scores(
    scores: list[float], new: list[float], shape: float, days: float
):
    tail, outliers = fit_tail(np.array(scores), days, Prior(shape))
    margins = tail.margin(np.sort(new))
    assert np.isfinite(margins).all() and (np.diff(margins) >= 0).all()
    assert tail.scale > 0 and 0 <= outliers < max(len(scores), 1) and 0 < tail.borrowed <= 1


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.floats(1.0, 1e4))
def test_the_limit_falls_as_the_budget_grows(one: float, other: float, rate: float):
    tail = Tail(0.0, 1.0, rate=rate)
    small, large = sorted((one, other))
    assert tail.limit(small) >= tail.limit(large) >= 0


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.3])
def test_a_margin_is_the_log_of_how_many_times_rarer(shape: float):
    tail = Tail(start=5.0, scale=2.0, shape=shape)
    score = np.array([7.0])
    survivors = math.exp(-1.0) if not shape else (1 + shape) ** (-1 / shape)
    assert tail.margin(score)[0] == pytest.approx(-math.log(survivors))
    assert tail.margin(np.array([5.0, 1.0])).tolist() == [0.0, -2.0]


def test_a_tail_with_an_end_goes_on_beyond_it():
    """Shape -0.5 and scale 1 end at 2: what lies there and beyond is still told apart."""
    margins = Tail(0.0, 1.0, shape=-0.5).margin(np.array([1.0, 1.8, 2.0, 50.0]))
    assert np.isfinite(margins).all() and (np.diff(margins) > 0).all()
    assert margins[1] == pytest.approx(-math.log(0.1) * 2)
    assert margins[3] - margins[2] == pytest.approx(48.0)


@pytest.mark.parametrize("value", [0.0, -3.5, 1e6])
@pytest.mark.parametrize("size", [1, 7, 500])
def test_scores_that_are_all_alike_have_a_scale_of_one(value: float, size: int):
    tail, outliers = fit_tail(np.full(size, value), days=0.5)
    assert (tail.start, tail.scale, outliers) == (value, 1.0, 0)
    assert fit_tail(np.full(size, value), days=0.5, unit=3.0)[0].scale == 3.0


def test_no_scores_have_a_tail_that_nothing_reaches():
    tail, outliers = fit_tail(np.empty(0), days=1.0)
    assert (tail.start, tail.exceedances, tail.borrowed, outliers) == (math.inf, 0, 1.0, 0)
    assert not (tail.margin(np.array([1e300])) > tail.limit(1.0)).any()


def test_a_short_tail_does_not_take_its_own_end_for_outliers():
    """A prior that says that scores end at 3 does not make outliers of scores that go on to 9."""
    benign = np.random.default_rng(6).exponential(1.0, 9_000)
    tail, outliers = fit_tail(benign, 1.0, Prior(-0.3, 1.0))
    assert outliers <= 2 and tail.shape == -0.3


def test_the_scale_leans_on_more_than_the_median():
    """Over 40 calibrations of 72 trees in the tail the scale swings less than the median excess does."""
    scales, medians = [], []
    for seed in range(40):
        scores = np.random.default_rng(seed).exponential(1.0, 12_000)
        tail, _ = fit_tail(scores, 0.6, Prior(0.0, 1.0))
        ordered = np.sort(scores)[::-1]
        scales.append(tail.scale)
        medians.append((72 * (ordered[35] - ordered[71]) / math.log(2) + 20) / 92)
    assert np.std(scales) < 0.8 * np.std(medians) and np.mean(scales) == pytest.approx(1.0, abs=0.1)


def test_trees_that_do_the_same_again_tell_nothing_of_the_tail():
    """Twenty times the same job are one kind: its scale is borrowed, and that is said."""
    rng, prior = np.random.default_rng(2), Prior(0.0, 7.0)
    body = rng.exponential(1.0, 980)
    same, varied = (fit_tail(np.concatenate([body, top]), 0.03, prior)[0]
                    for top in (np.full(20, 9.0), 9 + np.arange(20) / 10))  # fmt: skip
    assert same.borrowed == 20 / 21 and varied.borrowed == 20 / 40
    assert same.scale > 0.9 * prior.scale > varied.scale  # type: ignore[operator]
