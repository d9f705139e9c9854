"""What a budget realises on containers that its threshold has not seen, by hand."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from rtml.models.calibration import Calibration
from rtml.models.fitting import FOLDS, Fit
from rtml.models.tails import Prior


def trees(**scores: list[float | None]) -> pl.DataFrame:
    """Return trees by container; all are peers."""
    rows = [(name, score, "web") for name, held in scores.items() for score in held]
    return pl.DataFrame(rows, schema=["container_id", "score", "peers"], orient="row").cast(
        {"score": pl.Float64}
    )


def watched(days: float, *names: str) -> pl.DataFrame:
    return pl.DataFrame({"container_id": names, "peers": "web", "days": [days] * len(names)})


def test_three_containers_are_too_few_for_four_parts():
    assert FOLDS == 4
    assert Fit().realised(trees(a=[1.0], b=[2.0], c=[3.0]), watched(1.0, *"abc"), 1.0) is None


def test_nothing_that_alarms_realises_nothing():
    same = dict.fromkeys("abcd", [0.0] * 50)
    assert Fit().realised(trees(**same), watched(0.5, *"abcd"), 1.0) == 0.0


def test_one_strange_container_is_judged_by_the_others():
    """Three findings in two container-days: by its own scores as well it would have been none of them."""
    calm = [n / 50 for n in range(50)]
    held = trees(a=calm, b=calm, c=calm, d=[*calm, 40.0, 50.0, 60.0])
    assert Fit().realised(held, watched(0.5, *"abcd"), 1.0) == pytest.approx(3 / 2)


@pytest.mark.parametrize("budget", [1.0, 10.0, 60.0])
def test_it_is_each_part_judged_by_the_rest(budget: float):
    rng = np.random.default_rng(7)
    scores = {name: rng.exponential(2.0, 300).tolist() for name in "abcdefg"}
    alarms = 0
    for place in range(4):
        ours = [name for n, name in enumerate("abcdefg") if n % 4 == place]
        rest = [s for name, held in scores.items() if name not in ours for s in held]
        days = {"web": 0.25 * (7 - len(ours))}
        calibration = Calibration.fit(np.array(rest), ["web"] * len(rest), days, prior=Prior(0.1, 4.0))
        judged = np.array([s for name in ours for s in scores[name]])
        rule = calibration.threshold(budget)
        alarms += int(calibration.alarms(judged, ["web"] * len(judged), rule).sum())
    fit = Fit(Prior(0.1, 4.0))
    assert fit.realised(trees(**scores), watched(0.25, *"abcdefg"), budget) == pytest.approx(alarms / 1.75)


def test_containers_without_a_tree_were_watched_all_the_same():
    """They count as time, and where they are one part, nothing is found in it."""
    held = trees(a=[0.0] * 40, b=[0.0] * 40, c=[0.0] * 40)
    assert Fit().realised(held, watched(1.0, *"abcd"), 1.0) == 0.0


def test_a_score_of_nobody_is_no_finding():
    held = trees(a=[None, 1.0], b=[1.0, 1.0], c=[1.0], d=[1.0])
    assert Fit().realised(held, watched(1.0, *"abcd"), 1.0) == 0.0


def test_what_is_known_of_the_tail_is_in_the_calibration():
    made = Fit(Prior(0.1, 4.0), 1.0).of(trees(a=[1.0, None, 2.0]), {"web": 0.5})
    assert (made.prior, made.unit, made.days) == (Prior(0.1, 4.0), 1.0, {"web": 0.5})
    assert made.pooled.tolist() == [1.0, 2.0] and math.isfinite(made.tail.scale)
