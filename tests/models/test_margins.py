"""Margins against the formula as it is written down, and the lines that an alarm hangs on."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtml.models.calibration import Calibration

Groups = dict[str, list[float]]
SCORES = st.lists(st.integers(0, 40).map(float), min_size=1, max_size=12)
GROUPS = st.dictionaries(st.sampled_from("abc"), SCORES, min_size=1)


def calibrated(groups: Groups, unit: float = 0.0) -> Calibration:
    scores = [score for held in groups.values() for score in held]
    names = [name for name, held in groups.items() for _ in held]
    return Calibration.fit(np.array(scores), names, unit=unit)


def beyond(scores: list[float]) -> tuple[float, list[float]]:
    """Return the 90 % quantile (between neighbours, linear) and the excesses over it."""
    ordered = sorted(scores)
    place = 0.9 * (len(ordered) - 1)
    low, high = math.floor(place), math.ceil(place)
    start = ordered[low] + (ordered[high] - ordered[low]) * (place - low)
    return start, [score - start for score in ordered if score > start]


def margin(groups: Groups, unit: float, group: str, score: float) -> float:
    """Work out the margin as the module's text says it, one number at a time."""
    pooled = [score for held in groups.values() for score in held]
    start, excess = beyond(groups[group] if len(groups.get(group, ())) >= 5 else pooled)
    means = [statistics.mean(over) for _, over in map(beyond, groups.values()) if over]
    fleet = statistics.mean(means) if means else 0.0
    spread = statistics.mean(abs(score - statistics.median(pooled)) for score in pooled)
    tail = max((sum(excess) + 5 * fleet) / (len(excess) + 5), unit, 0.01 * spread)
    return (score - start) / (tail if tail > 0 else 1.0)


@settings(max_examples=60, deadline=None)
@given(groups=GROUPS, unit=st.sampled_from([0.0, 1.0]), score=st.integers(-5, 60).map(float))
def test_a_margin_is_what_the_formula_says(groups: Groups, unit: float, score: float):
    for group in (*groups, "new"):
        got = calibrated(groups, unit).margins(np.array([score]), [group])[0]
        assert got == pytest.approx(margin(groups, unit, group, score), abs=1e-9)


@pytest.mark.parametrize(
    ("groups", "unit", "score", "expected"),
    [
        ({"a": [0.0] * 20}, 1.0, 4.0, 4.0),  # scores in bits: a tail is at least one bit wide
        ({"a": [0.0] * 20, "b": [100.0] * 20}, 0.0, 1.0, 2.0),  # a hundredth of the spread, 50
        ({"a": [5.0] * 20}, 0.0, 5.5, 0.5),  # all alike: one
        ({"a": [0.0] * 9 + [10.0], "b": [0.0] * 20}, 0.0, 19.0, 2.0),  # quantile 1, excess 9
    ],
)
def test_margins_by_hand(groups: Groups, unit: float, score: float, expected: float):
    got = calibrated(groups, unit).margins(np.array([score]), ["a"])
    assert got.tolist() == [pytest.approx(expected)]


@pytest.mark.parametrize(("windows", "rank"), [(49, 29), (99, 37), (99, 74)])
def test_a_budget_that_is_a_whole_number_of_ranks_gets_that_rank(windows: int, rank: int):
    """As floating point has it, ``rank * 1440 / (n + 1)`` a day is a hair less than the rank."""
    budget = rank * 1440 / (windows + 1)
    assert budget * 60 / 86400 * (windows + 1) < rank
    alarm = calibrated({"a": np.arange(float(windows)).tolist()}).threshold(budget, 60)
    assert alarm.expected_rate == pytest.approx(budget)


def test_windows_of_small_groups_count_and_set_the_limit_too():
    alarm = calibrated({"a": [1.0, 2.0], "b": [3.0, 90.0]}).threshold(1440 / 5, 60)
    assert (alarm.windows, alarm.resolvable) == (4, True)
    assert math.isfinite(alarm.limit) and alarm.limit > 10


def test_below_what_can_be_promised_an_alarm_is_above_everything_of_its_group():
    """A container of a new kind is held to all groups; their largest score has its margin twice."""
    groups = {
        "a": [0.3, 0.4, 0.9, 0.9, 1.1, 1.1, 1.3, 2.2, 2.3, 2.9],
        "b": [0.0, 0.0, 0.0, 0.0, 0.0, 0.1, 0.1, 0.1, 0.2, 0.2],
    }
    calibration = calibrated(groups | {"c": [0.0] * 4 + [0.1] * 3 + [0.2, 0.3, 0.5]})
    alarm = calibration.threshold(0.001, 60)
    scores = np.array([2.9, 2.95])
    assert not alarm.resolvable
    assert (calibration.margins(scores, ["new"] * 2) > alarm.limit).all()
    assert calibration.alarms(scores, ["new"] * 2, alarm).tolist() == [False, True]


def test_scores_that_are_no_numbers_calibrate_nothing():
    assert calibrated({"a": [1.0, math.inf, 2.0, math.nan, -math.inf]}).pooled.tolist() == [1.0, 2.0]
