"""Intervals of shares and rates hold what they claim: by enumeration where that is exact."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rtml.evaluation.clusters import counted_once, effective
from rtml.evaluation.measure import clopper_pearson, poisson_rate, share
from rtml.evaluation.origins import groups_of


def coverage(n, p):
    """The exact chance that the interval of ``share`` holds p, over all outcomes of n attacks."""
    intervals = [share(np.arange(n) < hits) for hits in range(n + 1)]
    return sum(stats.binom.pmf(hits, n, p) for hits, m in enumerate(intervals) if m.low <= p <= m.high)


@pytest.mark.parametrize("n", [1, 2, 5, 16, 55])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.78, 0.9])
def test_shares_cover_95_percent_for_every_number_of_attacks(n, p):
    assert coverage(n, p) >= 0.95


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 80), st.floats(0.001, 0.999))
def test_shares_cover_whatever_the_truth(n, p):
    assert coverage(n, p) >= 0.95 - 1e-9


def test_known_intervals():
    for hits, n, low, high in ((43, 55, 0.650, 0.882), (5, 55, 0.030, 0.200), (0, 16, 0, 0.206)):
        measure = share(np.arange(n) < hits)
        assert (measure.low, measure.high) == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))
        assert measure.method == "exact binomial"
        scipy = stats.binomtest(hits, n).proportion_ci(method="exact")
        assert clopper_pearson(hits, n) == pytest.approx((scipy.low, scipy.high))


def test_copies_of_a_recording_add_nothing():
    """Ten trials of each recording: the interval is that of the recordings, not of ten times as many."""
    recorded = np.array([True] * 9 + [False] * 7)
    copies = np.repeat(recorded, 10)
    once = share(copies, once=np.repeat(np.arange(16), 10))
    alone = share(recorded)
    assert (once.value, once.low, once.high) == pytest.approx((alone.value, alone.low, alone.high))
    assert once.method == "exact binomial, 160 in 16 groups counted as 16.0"
    blind = share(copies)
    assert blind.high - blind.low < (alone.high - alone.low) / 2


def test_trials_are_known_by_their_ids():
    attacks = pl.DataFrame({"attack_id": ["a~0001", "a~0002", "b", "c~x"]})
    assert groups_of(attacks).tolist() == [1, 1, 2, 3]
    named = attacks.with_columns(origin=pl.Series([None, "k", "k", "a"]))
    assert groups_of(named).tolist() == [1, 2, 2, 1]
    unknown = pl.DataFrame({"attack_id": ["a", "b", "c"], "technique": [None, None, "T1"]})
    assert len(set(groups_of(unknown, "technique").tolist())) == 3, "unknown is nobody's twin"


def test_one_attack_per_group_changes_nothing():
    found = np.array([True] * 9 + [False] * 7)
    assert share(found, np.arange(16), np.arange(16)) == share(found)


@settings(deadline=None, max_examples=80)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=1, max_size=60))
def test_groups_never_narrow(rows):
    found, groups = (np.array(column) for column in zip(*rows, strict=True))
    size = effective(found, groups)
    assert counted_once(found, groups) - 1e-9 <= size <= len(found) + 1e-9
    plain, grouped = share(found), share(found, groups)
    assert grouped.low <= plain.low + 1e-9 and grouped.high >= plain.high - 1e-9
    assert grouped.value == plain.value


@pytest.mark.parametrize("sizes", [[5, 5, 6], [1, 1, 1, 2, 2, 3, 3, 4, 5, 8], [1] * 25 + [2] * 10 + [3] * 3])
@pytest.mark.parametrize("alike", [0.05, 0.3, 0.95])
@pytest.mark.parametrize("p", [0.2, 0.8])
def test_groups_that_differ_are_covered(sizes, alike, p):
    """Containers draw their own chance of being found from a Beta of that correlation; few and many."""
    rng = np.random.default_rng([7, len(sizes), round(alike * 100), round(p * 10)])
    groups, spread = np.repeat(np.arange(len(sizes)), sizes), (1 - alike) / alike
    held = blind = 0
    for _ in range(300):
        chance = rng.beta(p * spread, (1 - p) * spread, len(sizes))
        found = rng.random(len(groups)) < chance[groups]
        grouped, plain = share(found, groups), share(found)
        held += grouped.low <= p <= grouped.high
        blind += plain.low <= p <= plain.high
    assert held / 300 >= 0.91
    assert len(sizes) != 10 or alike < 0.9 or blind / 300 < 0.91, "without groups the claim is false"


def test_rates():
    assert poisson_rate(5, 0).reason == "no container time in the test part was judged"
    for count in (0, 1, 3, 20):
        measure = poisson_rate(count, 2.0)
        assert count == 0 or stats.poisson.sf(count - 1, measure.low * 2) == pytest.approx(0.025)
        assert stats.poisson.cdf(count, measure.high * 2) == pytest.approx(0.025)
