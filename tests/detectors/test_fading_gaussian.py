"""The fading Gaussian: weights that halve, judged mildly while young, three numbers per column."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import t as student

from rtml.detectors.deviations import LEAST
from rtml.detectors.fading_gaussian import Fading, FadingGaussian
from rtml.testing.windows import outlier, windows


def learnt(values, half_life: int) -> Fading:
    fading = Fading(1, half_life=half_life)
    for value in values:
        fading.learn([float(value)])
    return fading


@pytest.mark.parametrize("rows", [5, 40, 3000])
def test_mean_and_variance_are_weighted_ones(rows):
    values = np.random.default_rng(rows).normal(3, 1, rows)
    weights = 0.5 ** (np.arange(rows)[::-1] / 100)
    fit = learnt(values, 100).fit()
    mean = np.average(values, weights=weights)
    assert fit.mean[0] == pytest.approx(mean)
    assert fit.variance[0] == pytest.approx(np.average((values - mean) ** 2, weights=weights))
    assert fit.rows[0] == pytest.approx(weights.sum() ** 2 / (weights**2).sum())


@pytest.mark.parametrize(("rows", "freedom"), [(3, 2), (4, 3), (12, 3), (500, 3)])
def test_bits_are_of_the_predictive_distribution(rows: int, freedom: int):
    """Student's t: what a Gaussian of unknown mean and variance predicts after n rows, 3 degrees at most."""
    values = np.random.default_rng(1).normal(3, 1, rows)
    fading = learnt(values, 10_000_000)
    spread = np.std(values, ddof=1) * np.sqrt(1 + 1 / rows)
    density = student(freedom, values.mean(), spread)
    expected = np.log2(density.pdf(values.mean()) / density.pdf(7.0))
    assert fading.score_many(np.array([[7.0]]))[0] == pytest.approx(expected, rel=1e-4)


def test_what_was_usual_long_ago_is_forgotten():
    quick, slow = (learnt([2.0] * 500 + [6.0] * 500, half_life) for half_life in (50, 100_000))
    assert quick.score_many(np.array([[6.0]]))[0] < 0.1 and quick.score_many(np.array([[2.0]]))[0] > 15
    assert abs(slow.score_many(np.array([[6.0]]))[0] - slow.score_many(np.array([[2.0]]))[0]) < 0.1


def test_a_missing_value_costs_what_it_is_rare():
    never, often = learnt([1.0] * 99, 10_000_000), learnt([1.0, np.nan] * 50, 10_000_000)
    assert never.score_many(np.array([[np.nan]]))[0] == pytest.approx(np.log2(200), rel=1e-3)
    assert often.score_many(np.array([[np.nan]]))[0] == pytest.approx(1.0, rel=1e-2)


def test_a_column_that_never_varied_has_the_least_deviation():
    assert learnt([2.0] * 2000, 1000).fit().variance[0] == LEAST**2


def test_the_explanation_is_the_terms_of_the_sum():
    detector, frame = FadingGaussian(), outlier(windows(seed=2), 3)
    detector.learn(windows())
    columns = [name for name in frame.columns if "." in name]
    reasons = detector.explain(frame[3:4])
    by_hand = {
        name: detector.score(frame[3:4])[0] - detector.score(_usual(detector, frame[3:4], name))[0]
        for name in columns
    }
    for name, share in reasons.select("feature", "share").iter_rows():
        assert share == pytest.approx(by_hand[name] / detector.score(frame[3:4])[0], rel=1e-9)


def _usual(detector: FadingGaussian, row: pl.DataFrame, name: str) -> pl.DataFrame:
    place = detector._columns.index(name)
    group = detector._groups[row["workload"][0]]
    mean = group.model.fit().mean[place]
    return row.with_columns(pl.lit(mean if group.scale.linear[place] else np.sinh(mean)).alias(name))


def test_saved_in_midstream_it_goes_on_as_if_nothing_had_been(tmp_path):
    whole, first = FadingGaussian(half_life=30), FadingGaussian(half_life=30)
    parts = [windows(rows=40, seed=seed) for seed in range(3)]
    expected = [whole.prequential(part) for part in parts]
    first.prequential(parts[0])
    first.save(tmp_path / "a")
    second = FadingGaussian.load(tmp_path / "a")
    got = [second.prequential(part) for part in parts[1:]]
    np.testing.assert_array_equal(np.concatenate(got), np.concatenate(expected[1:]))
    second.save(tmp_path / "b")
    whole.save(tmp_path / "c")
    assert (tmp_path / "b" / "state.json").read_bytes() == (tmp_path / "c" / "state.json").read_bytes()
