"""The sum of surprises, by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from rtml.detectors.rarity import Rarity
from rtml.detectors.surprise import Surprise, SurpriseState, surprise_columns
from rtml.errors import UsageError


def frame(workload, **columns):
    size = len(next(iter(columns.values())))
    table = {name.replace("__", "."): values for name, values in columns.items()}
    floats = {name: pl.Series(values, dtype=pl.Float64) for name, values in table.items()}
    return pl.DataFrame({"workload": [workload] * size, **floats})


TRAINING = pl.concat(
    [
        frame("web", a__bits_top3=[1, 2, 3, 4, 5], b__bits_max=[0, 0, 0, 0, 0]),
        frame("job", a__bits_top3=[20, 20, 20, 20, 20], b__bits_max=[4, 4, 4, 4, 4]),
    ]
)


@pytest.fixture
def detector():
    detector = Surprise(pull=0)
    detector.learn(TRAINING)
    return detector


def test_excess_over_the_workloads_own_median_sums_over_families(detector):
    web = frame("web", a__bits_top3=[13, 1, 3], b__bits_max=[6, 0, 7])
    assert detector.score(web).tolist() == [16.0, 0.0, 7.0]
    job = frame("job", a__bits_top3=[13, 30], b__bits_max=[6, 4])
    assert detector.score(job).tolist() == [2.0, 10.0]


@pytest.mark.parametrize(
    ("power", "scores"), [(1, [16.0, 5.0, 0.0]), (2, [np.sqrt(136), 5.0, 0.0]), (64, [10.0, 5.0, 0.0])]
)
def test_with_a_power_the_strangest_family_counts_most_and_parts_add_up(power, scores):
    detector = Surprise(pull=0, power=power)
    detector.learn(TRAINING)
    web = frame("web", a__bits_top3=[13, 8, 3], b__bits_max=[6, 0, 0])
    assert detector.score(web) == pytest.approx(scores)
    parts = detector.attribute(web).parts
    assert parts.sum(axis=1) == pytest.approx(detector.score(web), abs=1e-9) and (parts >= 0).all()


@pytest.mark.parametrize("power", [0, 0.9, 65, float("nan"), float("inf")])
def test_a_power_that_is_no_norm_is_refused(power):
    with pytest.raises(UsageError, match="power must be 1 to 64"):
        Surprise(power=power)


def test_huge_bits_do_not_overflow_a_power():
    detector = Surprise(pull=0, power=64)
    detector.learn(TRAINING)
    assert detector.score(frame("web", a__bits_top3=[1e300], b__bits_max=[0])) == pytest.approx([1e300])


def test_the_power_is_kept_and_absent_in_older_models(tmp_path):
    detector = Surprise(pull=0, power=4)
    detector.learn(TRAINING)
    detector.save(tmp_path)
    assert Surprise.load(tmp_path).power == 4
    older = {"seed": 0, "pull": 5.0, "features": [], "fleet": None, "groups": {}}
    assert SurpriseState.model_validate(older).power == 1


def test_small_groups_are_pulled_towards_all(detector):
    pulled = Surprise(pull=5)
    pulled.learn(TRAINING)
    # all: median of a is (5 + 20) / 2 = 12.5; web: (5 * 3 + 5 * 12.5) / 10 = 7.75
    web = frame("web", a__bits_top3=[13], b__bits_max=[0])
    assert pulled.score(web)[0] == pytest.approx(13 - 7.75)
    new = frame("new", a__bits_top3=[13], b__bits_max=[0])
    assert pulled.score(new)[0] == pytest.approx(0.5)


def test_explanation_is_exact(detector):
    web = frame("web", a__bits_top3=[13], b__bits_max=[6])
    reasons = detector.explain(web)
    assert reasons["feature"].to_list() == ["a.bits_top3", "b.bits_max"]
    assert reasons["usual"].to_list() == [3.0, 0.0] and reasons["value"].to_list() == [13.0, 6.0]
    np.testing.assert_allclose(reasons["share"] * detector.score(web)[0], [10.0, 6.0])


def test_a_missing_value_costs_the_surprise_of_its_missing(detector):
    web = frame("web", a__bits_top3=[None], b__bits_max=[0])
    assert detector.score(web)[0] == pytest.approx(-np.log2(0.5 / 6))


def test_windows_made_without_a_baseline_get_no_opinion(detector):
    assert np.isnan(detector.score(frame("web", a__bits_top3=[None], b__bits_max=[None]))).all()
    assert np.isnan(detector.score(frame("web", c__rate=[1.0]))).all()


def test_load_does_not_drown_an_attack(detector):
    """Volume and sums may grow a hundredfold: only the top of each family enters."""
    calm = frame("web", a__bits_top3=[3], b__bits_max=[0], a__bits_sum=[3], c__rate=[1])
    busy = frame("web", a__bits_top3=[3], b__bits_max=[0], a__bits_sum=[900], c__rate=[900])
    assert detector.score(calm) == detector.score(busy)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.bits_sum", "a.bits_max", "a.bits_top3"], ["a.bits_top3"]),
        (["a.surprise_sum", "a.surprise_max"], ["a.surprise_max"]),
        (["a.never_seen", "a.x", "bits_top3"], []),
    ],
)
def test_columns_chosen(names, expected):
    assert surprise_columns(names) == expected


def test_windows_without_the_features_it_needs_are_refused():
    for detector in (Surprise(), Rarity()):
        with pytest.raises(UsageError, match=r"c\.rate"):
            detector.learn(frame("web", c__rate=[1.0]))
