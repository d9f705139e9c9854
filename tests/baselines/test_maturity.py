"""Maturity against values worked out by hand, and against draws whose truth is known."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from rtml.baselines.counting import COUNTS, POPULATION, merge_counts
from rtml.baselines.maturity import maturity

START = dt.datetime(2026, 11, 24, 10, tzinfo=dt.UTC)


def seen(key: str, count: int, first: float, last: float, container: str = "c") -> dict[str, object]:
    """One row of counts; times in seconds."""
    at = {name: START + dt.timedelta(seconds=s) for name, s in (("first_seen", first), ("last_seen", last))}
    return {"family": "f", "workload": "web", "key": key, "container": container, "count": count, **at}


def only(rows: list[dict[str, object]]) -> dict[str, object]:
    return maturity(pl.DataFrame(rows, COUNTS)).row(0, named=True)


def counts(numbers: list[int], workload: str = "web") -> pl.DataFrame:
    rows = [
        {"family": "f", "workload": workload, "key": f"k{i}", "container": "c", "count": n}
        for i, n in enumerate(numbers)
    ]
    return pl.DataFrame(rows, COUNTS)


def test_by_hand():
    # 20 minutes, N = 200. A burst of 6 events (two keys) in one minute, one of 2 in another: A = 8.
    daily = seen("daily", 192, 0, 1200)
    bursts = [seen("make", 4, 300, 330), seen("gcc", 2, 310, 320), seen("vim", 2, 700, 700)]
    row = only([daily, *bursts])
    spread = 2 * (6**2 + 2**2) - 8**2 / 20
    half = ((1.96 * spread**0.5 / 200) ** 2 + (3 / 20) ** 2) ** 0.5
    assert (row["events"], row["keys"], row["once"], row["minutes"]) == (200, 4, 3, 20.0)
    assert row["unseen"] == pytest.approx(0.04)
    assert (row["low"], row["high"]) == pytest.approx((0.0, 0.04 + half))


def test_what_comes_again_or_elsewhere_is_no_single_burst():
    daily = seen("daily", 100, 0, 1200)
    assert only([daily, seen("k", 2, 0, 59)])["once"] == 1
    assert only([daily, seen("k", 2, 0, 60)])["once"] == 0
    assert only([daily, seen("k", 1, 0, 0), seen("k", 1, 0, 0, "c2")])["once"] == 0


def test_repeats_in_a_burst_prove_nothing_minutes_do():
    busy = only([seen("k", 100_000, 0, 50)])
    assert (busy["unseen"], busy["high"], busy["mature"]) == (1.0, 1.0, False)
    calm = only([seen("k", 600, 0, 3600)])
    assert (calm["unseen"], calm["mature"]) == (0.0, True) and calm["high"] == pytest.approx(3 / 60)
    replicas = only([seen("k", 200, 0, 1200, name) for name in ("c1", "c2", "c3")])
    assert replicas["high"] == calm["high"], "three containers for a third of the time"


def test_a_group_is_watched_while_its_containers_are_whatever_the_family():
    rows = [seen("k", 100, 0, 600), {**seen("p", 100, 0, 3000), "family": "g"}]
    table = maturity(pl.DataFrame(rows, COUNTS))
    assert table["minutes"].to_list() == [50.0, 50.0]
    assert only([seen("k", 4, 0, 3000)])["high"] == 0.75, "four events in 50 minutes are four draws"


def test_a_handful_of_events_is_not_mature():
    row = maturity(counts([5])).row(0, named=True)
    assert (row["unseen"], row["high"], row["mature"]) == (0.0, 0.6, False)


def test_shards_say_what_the_whole_says():
    one = [seen("k", 5, 0, 30), seen("p", 3, 0, 10)]
    two = [seen("k", 5, 600, 630), seen("q", 3, 620, 625)]
    merged = merge_counts([pl.DataFrame(one, COUNTS), pl.DataFrame(two, COUNTS)])
    whole = [seen("k", 10, 0, 630), seen("p", 3, 0, 10), seen("q", 3, 620, 625)]
    assert maturity(merged).row(0, named=True) == only(whole)
    assert only(whole)["once"] == 2


def test_groups_are_separate_and_the_population_is_no_family():
    extra = counts([9]).with_columns(family=pl.lit(POPULATION))
    table = maturity(pl.concat([counts([500]), counts([1, 1], "app"), extra]))
    assert table.select("group", "mature").rows() == [("app", False), ("web", True)]


def test_no_counts_no_rows():
    assert maturity(pl.DataFrame(schema=COUNTS)).height == 0


def drawn_in_bursts(rng: np.random.Generator, shares: np.ndarray, minutes: int) -> pl.DataFrame:
    """Each minute one task is drawn, which is twenty events of three keys of its own."""
    tasks = rng.choice(len(shares), size=minutes, p=shares)
    rows = [
        seen(f"t{task}-{k}", 7 - (k > 0), 60 * minute + k, 60 * minute + 20)
        for minute, task in enumerate(tasks.tolist())
        for k in range(3)
    ]
    return merge_counts([pl.DataFrame(rows, COUNTS)])


@pytest.mark.parametrize("minutes", [20, 60, 200])
def test_the_interval_covers_the_true_unseen_mass_of_events_in_bursts(minutes):
    rng = np.random.default_rng(7)
    shares = 1 / np.arange(1, 61)
    shares /= shares.sum()
    covered = 0
    for _ in range(100):
        table = drawn_in_bursts(rng, shares, minutes)
        known = {int(key[1:].split("-")[0]) for key in table["key"]}
        row = maturity(table).row(0, named=True)
        covered += row["low"] <= 1 - shares[sorted(known)].sum() <= row["high"]
    assert covered >= 90


def test_the_interval_covers_the_true_unseen_mass_of_independent_events():
    rng = np.random.default_rng(7)
    share = 1 / np.arange(1, 201)
    share /= share.sum()
    covered = 0
    for _ in range(40):
        drawn = rng.multinomial(400, share)
        row = maturity(counts([int(n) for n in drawn if n])).row(0, named=True)
        covered += row["low"] <= share[drawn == 0].sum() <= row["high"]
    assert covered >= 34
