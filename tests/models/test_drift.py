"""Drift: seldom told where there is none, soon where there is, with its cause; whatever the batches."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest

from rtml.models.calibration import Calibration
from rtml.models.drift import LEAST, LEVEL, MOST, Watch
from rtml.models.watching import DRIFT, Watching, caused
from rtml.schema import TREE_SCORES, conform
from tests.models.conftest import MINUTE, START

SEEDS = range(200)


def noticed(seed: int, shift: float, trees: int, known: int = 100, level: float = LEVEL) -> int | None:
    """Return how many trees were seen when drift was told, of scores that rise after calibration."""
    draw = np.random.default_rng(seed)
    watch = Watch(sorted(draw.exponential(1.0, known).tolist()), level=level)
    for number, (score, u) in enumerate(
        zip(draw.exponential(1.0, trees) + shift, draw.random(trees), strict=True)
    ):
        if watch.see(score, u, START + number * MINUTE):
            return number + 1
    return None


@pytest.mark.parametrize("known", [LEAST, 300])
def test_exchangeable_scores_are_said_to_drift_one_time_in_twenty_at_most(known: int):
    """Of 200 runs with nine peer groups each, any of which may be told: what `LEVEL` promises."""
    told = [any(noticed(9 * seed + n, 0.0, 200, known, LEVEL / 9) for n in range(9)) for seed in SEEDS]
    assert sum(told) <= LEVEL * len(SEEDS)


def test_equal_scores_are_exchangeable():
    """Most benign trees surprise by nothing at all: ties must not count for either side."""
    draw = np.random.default_rng(1)
    watch = Watch([0.0] * 100)
    assert not any(watch.see(0.0, u, START) for u in draw.random(3000))


@pytest.mark.parametrize(("shift", "trees"), [(0.5, 80), (1.0, 40), (2.0, 25)])
def test_scores_that_rise_are_noticed_within_so_many_trees(shift: float, trees: int):
    """Of exponential scores that rise by so many standard deviations, in 95 of 100 cases."""
    told = [noticed(seed, shift, trees, level=LEVEL / 9) for seed in range(100)]
    assert sum(number is not None for number in told) >= 95


def test_scores_that_fall_are_not_told():
    assert noticed(0, -0.9, 2000) is None


def test_drift_is_told_once_with_its_begin_and_then_the_new_is_usual():
    draw = np.random.default_rng(3)
    watch = Watch(sorted(draw.exponential(1.0, 100).tolist()))
    scores = [*draw.exponential(1.0, 200), *(3.0 + draw.exponential(1.0, 600))]
    told = [
        one for n, score in enumerate(scores) if (one := watch.see(score, draw.random(), START + n * MINUTE))
    ]
    (one,) = told
    assert abs((one.since - START) / MINUTE - 200) <= 15 and one.at > one.since and one.evidence * LEVEL >= 1


def test_a_watch_stays_bounded():
    draw = np.random.default_rng(5)
    watch = Watch()
    for score in draw.exponential(1.0, 3 * MOST):
        watch.see(score, draw.random(), START)
    assert len(watch.bag) <= MOST and watch.bag == sorted(watch.bag)


# Whole peer groups.

CALIBRATED = np.random.default_rng(11).exponential(1.0, 400)
CALIBRATIONS = {
    "surprise": Calibration.fit(CALIBRATED, ["web"] * 200 + ["app"] * 200, {"web": 1.0, "app": 1.0})
}


def scores(
    minutes: int = 240, shift: float = 0.0, begin: int = 90, seed: int = 2, **more: Any
) -> pl.DataFrame:
    """Return a tree a minute in each of two replicas of two workloads; those of web rise."""
    draw = np.random.default_rng(seed)
    rows = [
        {"container_id": f"{group}-{n}", "window": START + at * MINUTE, "workload": group, "alarm": False,
         "process_id": 1000 * at + 10 * n + (group == "web"), "complete": True, "detector": "surprise",
         "score": draw.exponential(1.0) + (shift if group == "web" and at >= begin else 0.0)} | more
        for at in range(minutes) for group in ("app", "web") for n in (1, 2)
    ]  # fmt: skip
    return conform(pl.DataFrame(rows), TREE_SCORES)


def watched(table: pl.DataFrame, *cuts: int) -> pl.DataFrame:
    """Show scores in batches that end after so many minutes; the last is all that is left."""
    watching, told, begin = Watching(), [DRIFT.to_frame()], START
    for cut in [*cuts, None]:
        end = START + dt.timedelta(days=9) if cut is None else START + cut * MINUTE
        part = table.filter(pl.col("window") >= begin, pl.col("window") < end)
        told.append(watching.take(part, part, CALIBRATIONS, None if cut is None else end))
        begin = end
    return pl.concat(told)


def test_who_drifts_is_told_and_nobody_else():
    assert watched(scores()).is_empty()
    (one,) = watched(scores(shift=2.0)).to_dicts()
    assert (one["detector"], one["peers"]) == ("surprise", "web")
    assert abs((one["since"] - START) / MINUTE - 90) <= 30 and one["noticed"] >= START + 90 * MINUTE


@pytest.mark.parametrize("cuts", [(1, 2, 3), (95, 97, 133), tuple(range(7, 240, 7)), (239,)])
def test_who_drifts_does_not_depend_on_batches(cuts: tuple[int, ...]):
    table = scores(shift=2.0)
    again = table.with_columns(
        window=pl.col("window") + pl.lit(dt.timedelta(minutes=1)).cast(pl.Duration("ns"))
    )
    twice = pl.concat([table, again]).with_columns(alarm=pl.col("score") > 6)
    for each in (table, twice):
        assert watched(each, *cuts).equals(watched(each))


def test_an_attack_in_one_container_is_no_drift():
    """Forty alarming trees of one container in ten minutes count as one; in forty containers they count."""
    attack = scores(minutes=10, shift=50.0, begin=0).filter(pl.col("container_id") == "web-1")
    burst = pl.concat([attack.with_columns(process_id=pl.col("process_id") + 5000 * n) for n in range(1, 5)])
    alarming = burst.with_columns(
        alarm=pl.lit(True), window=pl.col("window") + pl.lit(dt.timedelta(minutes=100))
    )
    usual = scores()
    assert watched(pl.concat([usual, conform(alarming, TREE_SCORES)])).is_empty()
    everywhere = alarming.with_columns(container_id=pl.format("web-{}", "process_id"))
    assert watched(pl.concat([usual, conform(everywhere, TREE_SCORES)])).height == 1


def test_a_service_counts_once_in_half_an_hour():
    """The same tree minute by minute, always as strange: one observation, no drift."""
    service = scores(minutes=30).with_columns(process_id=pl.lit(7, pl.Int64), score=pl.lit(9.0))
    assert watched(service).is_empty()


@pytest.mark.parametrize(
    ("at", "cause", "changed"),
    [
        (80, "workload changed at 08:20", 80),
        (95, "workload changed at 08:35", 95),
        (5, "no roll-out seen: calibrate again", None),
        (200, "no roll-out seen: calibrate again", None),
        (None, "no roll-out seen: calibrate again", None),
    ],
)
def test_drift_is_tied_to_what_the_workload_took_up_near_it(at: int | None, cause: str, changed: int | None):
    row = ("combined", "web", START + 90 * MINUTE, START + 120 * MINUTE, 99.0, None, None)
    drift = pl.DataFrame([row], schema=DRIFT, orient="row")
    taken = pl.DataFrame() if at is None else pl.DataFrame(
        {"peers": ["web", "app"], "conditional": ["f.x"] * 2, "key": ["k"] * 2, "context": ["c"] * 2,
         "container_id": ["a", "b"], "root_id": [1, 2], "new_image": [False] * 2,
         "bits": [50.0] * 2, "since": [START + at * MINUTE, START + 85 * MINUTE]},
        schema_overrides={"since": pl.Datetime("ns", "UTC")},
    ).with_columns(window="since")  # fmt: skip
    (told,) = caused(drift, taken).to_dicts()
    assert told["cause"] == cause
    assert told["changed"] == (None if changed is None else START + changed * MINUTE)
    small = taken.with_columns(bits=pl.lit(1.0)) if at is not None else taken
    assert caused(drift, small)["changed"].item() is None, "a file more in three replicas is no roll-out"
