"""Conformal p-values by hand, their promise by hypothesis, and honest alarm budgets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtml.errors import RtmlError, UsageError
from rtml.models.calibration import Calibration

SCORES = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=30)


def of(scores, group="g", least=1):
    return Calibration.fit(np.array(scores, dtype=float), [group] * len(scores), least=least)


def test_p_values_by_hand():
    p = of([1, 2, 2, 4]).p_values(np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0]), ["g"] * 6)
    np.testing.assert_allclose(p, [5 / 5, 5 / 5, 4 / 5, 2 / 5, 2 / 5, 1 / 5])


def test_groups_are_held_to_their_own_scores_and_small_ones_to_all():
    scores = np.array([1.0, 2.0, 3.0, 100.0, 200.0, 300.0, 7.0])
    groups = ["calm"] * 3 + ["wild"] * 3 + ["tiny"]
    calibration = Calibration.fit(scores, groups, least=3)
    p = calibration.p_values(np.array([50.0, 50.0, 50.0, 50.0]), ["calm", "wild", "tiny", "new"])
    np.testing.assert_allclose(p, [1 / 4, 4 / 4, 4 / 8, 4 / 8])


def test_no_opinion_stays_no_opinion():
    calibration = of([1.0, np.nan, 2.0])
    assert len(calibration.pooled) == 2
    assert np.isnan(calibration.p_values(np.array([np.nan]), ["g"])).all()
    assert np.isnan(calibration.margins(np.array([np.nan]), ["g"])).all()
    alarm = calibration.threshold(budget=1, seconds=60)
    assert not calibration.alarms(np.array([np.nan]), ["g"], alarm).any()


def test_without_calibration_nothing_is_rare_and_nothing_alarms():
    calibration = of([np.nan])
    alarm = calibration.threshold(budget=1e6, seconds=60)
    assert calibration.p_values(np.array([1e9]), ["g"]).tolist() == [1.0]
    assert not alarm.resolvable and alarm.windows == 0 and alarm.limit == np.inf
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
    """99 windows of a minute: p can be 1/100, that is 14.4 a day; 144: tenth largest."""
    calibration = of(np.arange(99.0))
    alarm = calibration.threshold(budget=144, seconds=60)
    assert (alarm.resolvable, alarm.windows) == (True, 99)
    assert alarm.smallest_rate == pytest.approx(14.4)
    assert alarm.expected_rate == pytest.approx(144)
    raised = calibration.alarms(np.arange(99.0), ["g"] * 99, alarm)
    assert raised.sum() == 9 and raised[90:].all()


def test_budget_below_what_the_windows_carry_is_said():
    calibration = of(np.arange(9.0))
    alarm = calibration.threshold(budget=1, seconds=60)
    assert not alarm.resolvable and alarm.smallest_rate == pytest.approx(144)
    assert "cannot be promised from 9 benign windows" in alarm.sentence()
    raised = calibration.alarms(np.array([8.0, 8.5, 80.0]), ["g"] * 3, alarm)
    assert not raised[0] and raised[2]


def test_a_larger_budget_never_raises_fewer_alarms():
    rng = np.random.default_rng(5)
    calibration, new = of(rng.normal(size=60)), rng.normal(size=500)
    counts = [
        calibration.alarms(new, ["g"] * 500, calibration.threshold(b, 60)).sum()
        for b in (1, 20, 50, 100, 400, 1440, 9999)
    ]
    assert counts == sorted(counts)


@pytest.mark.parametrize("size", [6, 20, 100])
def test_the_realised_rate_keeps_the_promise(size):
    """Groups of one shape and different scale share a limit; benign windows alarm no more often."""
    rng, rates = np.random.default_rng(size), []
    groups = np.repeat(["a", "b", "c", "d"], size)
    scale = np.repeat([1.0, 10.0, 0.1, 5.0], size)
    for _ in range(150):
        calibration = Calibration.fit(rng.exponential(size=4 * size) * scale, groups.tolist())
        alarm = calibration.threshold(budget=1440 * 0.1, seconds=60)
        fresh = rng.exponential(size=4 * size) * scale
        rates.append(calibration.alarms(fresh, groups.tolist(), alarm).mean())
    assert np.mean(rates) <= 0.11


@settings(max_examples=30, deadline=None)
@given(
    scores=st.lists(st.floats(allow_nan=True, allow_infinity=False), max_size=20),
    names=st.lists(st.text(max_size=5), min_size=20, max_size=20),
)
def test_round_trip_is_exact(scores, names, tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibration")
    before = Calibration.fit(np.array(scores, dtype=float), names[: len(scores)])
    before.save(folder)
    after = Calibration.load(folder)
    assert before.groups.keys() == after.groups.keys() and before.least == after.least
    for name, held in before.groups.items():
        np.testing.assert_array_equal(held, after.groups[name])


def test_damage_is_refused(tmp_path):
    of([1.0, 2.0]).save(tmp_path)
    path = tmp_path / "state.json"
    path.write_bytes(path.read_bytes().replace(b"2.0", b"9.0"))
    with pytest.raises(RtmlError, match="damaged or changed"):
        Calibration.load(tmp_path)


@pytest.mark.parametrize(("budget", "seconds"), [(0, 60), (1, 0), (-1, 60)])
def test_nonsense_budgets_are_refused(budget, seconds):
    with pytest.raises(UsageError):
        of([1.0]).threshold(budget, seconds)


def test_a_score_at_the_limit_is_within_the_budget():
    """Beyond 500 windows no window is left out: the sixth largest score itself has the limit."""
    scores, groups = np.arange(600.0), ["g"] * 600
    calibration = of(scores)
    alarm = calibration.threshold(budget=6 * 1440 / 601, seconds=60)
    assert alarm.resolvable and alarm.limit in calibration.margins(scores, groups)
    assert np.flatnonzero(calibration.alarms(scores, groups, alarm)).tolist() == [*range(595, 600)]


def test_a_score_at_the_floor_alarms_and_a_hair_below_does_not():
    calibration = of(np.zeros(99), least=5)
    alarm = calibration.threshold(budget=90, seconds=60, in_bits=True)
    assert alarm.floor == 4.0 and alarm.resolvable
    raised = calibration.alarms(np.array([4.0, np.nextafter(4.0, 0)]), ["g", "g"], alarm)
    assert raised.tolist() == [True, False]
