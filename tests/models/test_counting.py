"""What calibration counts itself: detectors whose answer is known, with and without benign novelty."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtml.arrays import Array
from rtml.models.calibration import Calibration, CalibrationState
from rtml.models.counting import COUNTED, robust_limit, vouched_limit
from rtml.models.tails import Prior

PRIOR = Prior(0.1, 1.0)
TREES, DAYS = 2000, 1.5
MARGINS = st.lists(st.floats(-5, 20), min_size=1, max_size=60).map(lambda held: np.sort(np.array(held)))


def trees_of(rng: np.random.Generator, novelties: int) -> Array:
    """Return the scores of benign trees, of which some are new things that stand far outside."""
    return np.concatenate([rng.exponential(1.0, TREES), 30 + rng.exponential(2.0, novelties)])


def realised(vouched: bool, novelties: float, budget: float, draws: int = 60) -> float:
    """Return the false findings per container-day of as much new time, by a detector that knows its trees."""
    rng, alarms = np.random.default_rng(5), 0
    for _ in range(draws):
        held, later = (trees_of(rng, int(rng.poisson(novelties))) for _ in range(2))
        fitted = Calibration.fit(held, ["web"] * len(held), {"web": DAYS}, prior=PRIOR, vouched=vouched)
        alarms += int(fitted.alarms(later, ["web"] * len(later), fitted.threshold(budget)).sum())
    return alarms / draws / DAYS


@pytest.mark.parametrize("budget", [1.0, 3.0])
def test_new_things_at_a_steady_rate_cost_no_more_than_was_asked(budget: float):
    """Six a container-day: whoever sets them aside as outliers promises what nobody keeps."""
    assert realised(True, 6 * DAYS, budget) <= budget * 1.15
    assert realised(False, 6 * DAYS, budget) > 2 * budget


def test_where_nothing_is_new_vouching_costs_little():
    assert realised(True, 0, 3.0) == pytest.approx(realised(False, 0, 3.0), abs=1.5)


def test_an_attack_among_calibration_trees_moves_the_limit_only_where_somebody_vouches():
    rng = np.random.default_rng(1)
    held = np.concatenate([trees_of(rng, 0), [400.0] * 3])
    fits = [Calibration.fit(held, ["web"] * len(held), {"web": DAYS}, vouched=said) for said in (False, True)]
    robust, counted = (fit.alarms(np.array([300.0]), ["web"], fit.threshold(1)) for fit in fits)
    assert robust.all() and not counted.any()
    assert [fit.outliers for fit in fits] == [3, 0]


@settings(deadline=None)
@given(MARGINS, st.floats(0.01, 80))
def test_no_more_trees_of_its_own_are_above_than_are_allowed(margins: Array, allowed: float):
    counted, robust = vouched_limit(margins, allowed), robust_limit(margins, allowed)
    assert (margins > counted).sum() <= allowed or allowed > len(margins)
    assert (margins > robust).sum() <= max(allowed, COUNTED) or COUNTED >= len(margins)


@settings(deadline=None)
@given(MARGINS, st.floats(0.01, 80), st.floats(0.01, 80))
def test_who_allows_more_has_no_higher_limit(margins: Array, less: float, more: float):
    less, more = sorted((less, more))
    assert vouched_limit(margins, less) >= vouched_limit(margins, more)


def test_less_time_than_one_finding_needs_leaves_what_is_beyond_the_highest_to_the_tail():
    assert vouched_limit(np.array([1.0, 2.0]), 0.1) == 2.0
    held = np.concatenate([trees_of(np.random.default_rng(2), 0), [9.0]])
    fit = Calibration.fit(held, ["web"] * len(held), {"web": DAYS}, prior=PRIOR, vouched=True)
    assert fit.threshold(0.01).limit == fit.tail.limit(0.01) > fit.threshold(0.5).limit


def test_nothing_calibrated_has_nothing_to_count():
    assert vouched_limit(np.empty(0), 3.0) == robust_limit(np.empty(0), 3.0) == -math.inf


def test_it_comes_back_from_disk_and_older_files_vouch_for_nothing(tmp_path: Path):
    Calibration.fit(np.array([1.0, 2.0]), ["web"] * 2, {"web": 1.0}, vouched=True).save(tmp_path)
    assert Calibration.load(tmp_path).vouched
    old = json.loads((tmp_path / "state.json").read_text())
    assert old.pop("vouched")
    assert not CalibrationState.model_validate(old).vouched
