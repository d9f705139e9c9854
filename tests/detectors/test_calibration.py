"""Conformal p-values by hand, their promise by hypothesis, and honest alarm budgets."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtml.errors import RtmlError, UsageError
from rtml.models.calibration import Calibration
from rtml.models.tails import UNKNOWN, Prior
from rtml.reading.state import write_files

SCORES = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=30)


def of(scores, group="g", least=1, days=1.0):
    return Calibration.fit(np.array(scores, dtype=float), [group] * len(scores), {group: days}, least=least)


def test_p_values_by_hand():
    p = of([1, 2, 2, 4]).p_values(np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0]), ["g"] * 6)
    np.testing.assert_allclose(p, [5 / 5, 5 / 5, 4 / 5, 2 / 5, 2 / 5, 1 / 5])


def test_groups_are_held_to_their_own_scores_and_small_ones_to_all():
    scores = np.array([1.0, 2.0, 3.0, 100.0, 200.0, 300.0, 7.0])
    groups = ["calm"] * 3 + ["wild"] * 3 + ["tiny"]
    calibration = Calibration.fit(scores, groups, dict.fromkeys(groups, 1.0), least=3)
    p = calibration.p_values(np.array([50.0, 50.0, 50.0, 50.0]), ["calm", "wild", "tiny", "new"])
    np.testing.assert_allclose(p, [1 / 4, 4 / 4, 4 / 8, 4 / 8])


def test_no_opinion_stays_no_opinion():
    calibration = of([1.0, np.nan, 2.0])
    assert len(calibration.pooled) == 2
    assert np.isnan(calibration.p_values(np.array([np.nan]), ["g"])).all()
    assert np.isnan(calibration.margins(np.array([np.nan]), ["g"])).all()
    assert not calibration.alarms(np.array([np.nan]), ["g"], calibration.threshold(1.0)).any()


def test_without_calibration_nothing_is_rare_and_nothing_alarms():
    calibration = of([np.nan])
    alarm = calibration.threshold(budget=1e6)
    assert calibration.p_values(np.array([1e9]), ["g"]).tolist() == [1.0]
    assert np.isnan(calibration.margins(np.array([1e9]), ["g"])).all()
    assert (alarm.trees, alarm.limit, alarm.sentence()) == (0, np.inf, "nothing was calibrated: no alarms")
    assert not calibration.alarms(np.array([1e9]), ["g"], alarm).any()


@settings(deadline=None)
@given(scores=SCORES)
def test_p_is_valid_under_exchangeability(scores):
    """Each of n + 1 exchangeable scores is equally likely the new one: P(p <= a) <= a exactly."""
    p = [
        of(scores[:i] + scores[i + 1 :]).p_values(np.array([scores[i]]), ["g"])[0] for i in range(len(scores))
    ]
    for level in np.unique(p):
        assert np.mean(np.array(p) <= level) <= level + 1e-12


@settings(deadline=None)
@given(scores=SCORES, new=SCORES)
def test_p_falls_and_margin_rises_with_the_score(scores, new):
    calibration, ordered = of(scores), np.sort(np.array(new))
    groups = ["g"] * len(new)
    assert (np.diff(calibration.p_values(ordered, groups)) <= 0).all()
    assert (np.diff(calibration.margins(ordered, groups)) >= 0).all()


def test_budget_by_hand():
    """1,200 trees of a day, of which 120 are the tail; ten of a day lie ln 12 beyond its start."""
    calibration = of(np.arange(1200.0))
    alarm = calibration.threshold(budget=10)
    assert (alarm.trees, alarm.days, alarm.resolvable) == (1200, 1.0, True)
    assert alarm.limit == pytest.approx(np.log(12)) and alarm.borrowed == 20 / 140
    tail, raised = calibration.tail, calibration.alarms(np.arange(4000.0), ["g"] * 4000, alarm)
    assert tail.start == 1080
    assert np.flatnonzero(raised)[0] == np.ceil(1080 + tail.scale * np.log(12))
    assert raised[np.flatnonzero(raised)[0] :].all()


def test_what_the_calibration_cannot_have_seen_is_said():
    alarm = of(np.arange(90.0), days=0.1).threshold(budget=2)
    assert not alarm.resolvable and alarm.borrowed > 0.5
    assert "2 false findings per container-day is extrapolated from 90 trees" in alarm.sentence()
    assert "which hold 0.2 such findings" in alarm.sentence()


def test_what_stands_far_outside_is_counted_and_no_p_value_is_held_against_it():
    rng = np.random.default_rng(3)
    benign = rng.exponential(2.0, 5_000)
    calibration = of([*benign, *[900.0] * 5])
    alarm = calibration.threshold(1.0)
    assert alarm.outliers == calibration.outliers == 5
    assert "5 trees stood far outside and were left out" in alarm.sentence()
    assert calibration.p_values(np.array([900.0]), ["g"])[0] == pytest.approx(1 / 5001)
    assert calibration.alarms(np.array([900.0, 40.0, 2.0]), ["g"] * 3, alarm).tolist() == [True, True, False]


def test_a_larger_budget_never_raises_fewer_alarms():
    rng = np.random.default_rng(5)
    calibration, new = of(rng.normal(size=600)), rng.normal(size=500)
    raised = [
        set(np.flatnonzero(calibration.alarms(new, ["g"] * 500, calibration.threshold(budget))).tolist())
        for budget in (0.01, 1, 5, 15, 60, 119, 300, 9999)
    ]
    assert all(smaller <= larger for smaller, larger in zip(raised, raised[1:], strict=False))
    assert len(raised[0]) < len(raised[-1])


@settings(max_examples=60, deadline=None)
@given(
    scores=st.lists(st.integers(0, 40).map(float), min_size=1, max_size=200),
    prior=st.sampled_from([UNKNOWN, Prior(0.1, 4.0), Prior(-0.1, 0.075)]),
    days=st.sampled_from([0.01, 0.3, 2.0]),
    budgets=st.tuples(st.floats(0.001, 500), st.floats(0.001, 500)),
)
def test_what_alarms_at_a_budget_alarms_at_every_larger_one(scores, prior, days, budgets):
    calibration = Calibration.fit(np.array(scores), ["g"] * len(scores), {"g": days}, prior=prior)
    new = np.linspace(0, 400, 800)
    few, more = (
        calibration.alarms(new, ["g"] * 800, calibration.threshold(budget)) for budget in sorted(budgets)
    )
    assert (more >= few).all() and (np.diff(few.astype(int)) >= 0).all()


@pytest.mark.parametrize("budget", [30.0, 60.0, 100.0])
def test_what_calibration_counted_is_not_left_to_the_shape_of_a_tail(budget):
    """Trees stand in a heap far above the tail's start, which a fitted tail would alarm on as a whole."""
    rng = np.random.default_rng(9)
    scores = np.concatenate([rng.exponential(1.0, 9_900), rng.normal(30.0, 1.0, 100)])
    calibration = of(scores)
    raised = calibration.alarms(scores, ["g"] * len(scores), calibration.threshold(budget))
    assert 0.8 * budget <= raised.sum() <= budget
    assert calibration.tail.limit(budget) < calibration.threshold(budget).limit


def test_a_few_trees_are_counted_by_no_budget():
    """Fewer than five of them above a limit prove nothing: the limit is the tail's."""
    calibration = of(np.random.default_rng(4).exponential(size=10_000))
    for budget in (0.1, 1.0):
        assert calibration.threshold(budget).limit == calibration.tail.limit(budget)


@pytest.mark.parametrize(("days", "budget"), [(0.05, 10.0), (0.5, 1.0), (4.0, 1.0), (4.0, 40.0)])
def test_the_realised_rate_is_near_the_budget(days, budget):
    """Fresh trees of the same exponential, four groups of two kinds: mean rate over repetitions.

    Short calibrations extrapolate: within a factor of two; long ones within a third.
    """
    rng, rates, size = np.random.default_rng(11), [], max(int(2_000 * days), 100)
    names = np.repeat(["a", "b", "c", "d"], size).tolist()
    for _ in range(60):
        calibration = Calibration.fit(rng.exponential(size=4 * size), names, dict.fromkeys("abcd", days))
        fresh = rng.exponential(size=4 * size)
        alarms = calibration.alarms(fresh, names, calibration.threshold(budget))
        rates.append(alarms.sum() / (4 * days))
    factor = 2.0 if days < 1 else 4 / 3
    assert budget / factor <= np.mean(rates) <= budget * factor


def test_the_start_of_a_group_is_its_own_as_far_as_it_has_trees():
    """A wild group is judged by its own start, a short one nearly by that of all."""
    rng = np.random.default_rng(2)
    scores = np.concatenate([rng.exponential(size=4_000), 50 + rng.exponential(size=4_000), [70.0] * 3])
    names = ["calm"] * 4_000 + ["wild"] * 4_000 + ["short"] * 3
    calibration = Calibration.fit(scores, names, {"calm": 2.0, "wild": 2.0, "short": 0.001})
    score = np.full(4, 40.0)
    calm, wild, short, new = calibration.margins(score, ["calm", "wild", "short", "new"])
    assert calm > new > wild and short == pytest.approx(new, abs=0.2)


@settings(max_examples=30, deadline=None)
@given(
    scores=st.lists(st.floats(allow_nan=True, allow_infinity=False), max_size=20),
    names=st.lists(st.text(max_size=5), min_size=20, max_size=20),
)
def test_round_trip_is_exact(scores, names, tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibration")
    days = dict.fromkeys(names, 0.1)
    before = Calibration.fit(
        np.array(scores, dtype=float), names[: len(scores)], days, unit=1.0, prior=Prior(0.1, 4.0)
    )
    before.save(folder)
    after = Calibration.load(folder)
    assert before.groups.keys() == after.groups.keys() and before.days == after.days
    assert (before.least, before.unit, before.prior) == (after.least, after.unit, after.prior)
    for name, held in before.groups.items():
        np.testing.assert_array_equal(held, after.groups[name])


def test_a_calibration_that_came_back_alarms_alike(tmp_path):
    rng = np.random.default_rng(9)
    before = Calibration.fit(rng.normal(size=400), ["a", "b"] * 200, {"a": 0.5, "b": 0.2}, unit=0.7)
    before.save(tmp_path)
    after, new = Calibration.load(tmp_path), rng.normal(size=50) * 3
    assert after.threshold(2.0) == before.threshold(2.0)
    np.testing.assert_array_equal(before.margins(new, ["a"] * 50), after.margins(new, ["a"] * 50))
    np.testing.assert_array_equal(before.p_values(new, ["b"] * 50), after.p_values(new, ["b"] * 50))


def test_damage_is_refused(tmp_path):
    of([1.0, 2.0]).save(tmp_path)
    path = tmp_path / "state.json"
    path.write_bytes(path.read_bytes().replace(b"2.0", b"9.0"))
    with pytest.raises(RtmlError, match="damaged or changed"):
        Calibration.load(tmp_path)


STATE = {
    "least": 1,
    "unit": 0.0,
    "shape": 0.0,
    "scale": None,
    "days": {"g": 1.0},
    "groups": {"g": [1.0, 2.0]},
}


@pytest.mark.parametrize(
    "change",
    [
        {"shape": 1.0},
        {"shape": -1.0},
        {"scale": 0.0},
        {"unit": -1.0},
        {"least": 0},
        {"days": {"g": "one"}},
        {"days": {}},
        {"days": {"g": 0.0}},
        {"groups": {"g": [1.0, None]}},
        {"more": 1},
    ],
    ids=str,
)
def test_states_that_no_calibration_writes_are_refused(change, tmp_path):
    write_files(tmp_path / "good", {"state.json": json.dumps(STATE).encode()})
    assert Calibration.load(tmp_path / "good").threshold(1.0).trees == 2
    write_files(tmp_path / "bad", {"state.json": json.dumps(STATE | change).encode()})
    with pytest.raises(RtmlError, match="bad"):
        Calibration.load(tmp_path / "bad")


@pytest.mark.parametrize("budget", [0, -1, float("nan")])
def test_nonsense_budgets_are_refused(budget):
    with pytest.raises(UsageError):
        of([1.0]).threshold(budget)


@pytest.mark.parametrize("days", [{}, {"h": 1.0}, {"g": 0.0}, {"g": -1.0}, {"g": float("nan")}])
def test_time_that_is_not_known_is_refused(days):
    with pytest.raises(UsageError, match="container-days"):
        Calibration.fit(np.array([1.0]), ["g"], days)


def test_a_score_at_the_limit_is_within_the_budget():
    """An alarm is beyond the limit: of trees all alike none is, and a hair more is enough."""
    calibration = of(np.zeros(500), days=1.0)
    alarm = calibration.threshold(1.0)
    at = alarm.limit * calibration.tail.scale
    raised = calibration.alarms(np.array([at, np.nextafter(at, np.inf)]), ["g", "g"], alarm)
    assert raised.tolist() == [False, True]
