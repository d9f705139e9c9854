"""The benchmark on published system-call counts: what it counts, and one CVE of it."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from benchmarks.cdl_judging import Margins, by_tail, judge, together
from benchmarks.cdl_runs import HELD, Attack, container, cves, disagreements
from benchmarks.quality_cdl import BOTH, measure, numbers, of_others, show, unseen
from rtml.boards.tail import Tail
from tests.conftest import REPOSITORY

CVE = "CVE-2017-7529"


@pytest.fixture(scope="module")
def results(shared):
    return measure([CVE], [1, 2])


def attack(begin: int, success: int, windows: int = 20) -> Attack:
    return Attack("CVE", 1, pl.DataFrame({"a.x": range(windows)}), np.arange(begin, success + 1))


@pytest.mark.parametrize(
    ("flagged", "false", "found", "lead"),
    [
        ([], 0, False, 0.0),
        ([3, 9], 2, False, 0.0),  # both before the attack
        ([10], 0, True, 0.4),
        ([14], 0, True, 0.0),  # the very window in which it succeeds, as published results count it
        ([15], 0, False, 0.0),  # too late, and not false
        ([0, 12, 13], 1, True, 0.2),
    ],
)
def test_false_before_found_until_success_lead_from_the_first(flagged, false, found, lead):
    flags = np.isin(np.arange(20), flagged)
    one = judge(attack(10, 14), flags)
    assert (one.false, one.before, one.found) == (false, 10, found) and one.lead == pytest.approx(lead)


def test_a_tail_that_is_exponential_keeps_its_aim():
    benign, later = np.random.default_rng(1).exponential(3.0, (2, 200_000))
    tail = Tail.of(np.append(benign, np.nan))
    for aim in (0.005, 0.001, 0.0002):
        assert np.mean(tail.margins(later) > Tail.limit(aim)) == pytest.approx(aim, rel=0.25)


def test_scores_that_are_all_alike_flag_what_is_above_them():
    tail = Tail.of(np.zeros(100))
    assert (tail.margins(np.array([0.0, 0.01, np.nan])) > Tail.limit(0.001)).tolist() == [False, True, False]


def test_smoothing_looks_back_and_never_ahead():
    sides = Margins([np.zeros(4)], [np.array([0.0, 3.0, 0.0, 6.0])])
    assert together([sides, sides], np.mean, last=2).test[0].tolist() == [0.0, 1.5, 1.5, 3.0]
    assert together([sides, sides], np.max).test[0].tolist() == [0.0, 3.0, 0.0, 6.0]


def test_published_counts_are_of_the_same_windows(shared):
    assert len(cves()) == 15
    totals = {who: numbers(seeds[0]) for who, seeds in of_others(cves()).items()}
    assert totals["published: SHIL-2.0"] == pytest.approx((0.745, 53, 5.22), rel=1e-2)
    assert totals["published: CDL-AE99"] == pytest.approx((1.837, 51, 5.43), rel=1e-2)
    attacks = container(CVE).attacks
    assert not list(disagreements(attacks)) and len(attacks) == 4
    late = dataclasses.replace(attacks[0], during=attacks[0].during + 1)
    assert list(disagreements([late]))[0] == f"{CVE}/1: the attack begins elsewhere"


def test_nothing_is_learnt_from_attack_runs_or_held_out_ones(shared):
    data = container(CVE)
    learnt = set(data.learn["container_id"].unique())
    assert learnt == {f"benign-{run}" for run in range(1, 13) if run not in HELD}
    assert [windows["container_id"][0] for windows in data.held] == [f"benign-{run}" for run in HELD]


def test_thresholds_do_not_move_with_the_attack_runs(shared):
    data = container(CVE)
    held = [windows["events"].to_numpy().astype(float) for windows in data.held]
    test = [one.windows["events"].to_numpy().astype(float) for one in data.attacks]
    as_it_is = by_tail(data, Margins(held, test), 0.001)
    louder = by_tail(data, Margins(held, [test[0], *(9 * scores for scores in test[1:])]), 0.001)
    assert louder[0] == as_it_is[0] and louder[1:] != as_it_is[1:]


def test_every_row_of_one_cve(results):
    assert {"largest_z", "pca_residual", "fading_gaussian", "isolation_forest", "random", *BOTH} <= set(
        results
    )
    assert set(results["half_space_trees"]) == set(results["random"]) == {1, 2}
    assert set(results["largest_z"]) == {1}
    assert numbers(results["flag_all"][1])[:2] == (100.0, 4)
    false, found, lead = numbers(results["largest_z"][1])
    assert false <= 0.5 and found >= 3 and 0 < lead < 1.5
    oracle = numbers(results["best column (oracle)"][1])[1]
    assert oracle >= found
    missed = {one.attack for one in results["largest_z"][1] if not one.found}
    assert set(unseen(results)) <= missed
    assert show(results).row_count == len(results)


def test_the_command_prints_the_table(shared):
    command = [sys.executable, "-m", "benchmarks.quality_cdl", "--seeds", "1", "--only", CVE]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert "found of 4" in done.stdout and "published: SHIL-2.0" in done.stdout
