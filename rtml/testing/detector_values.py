"""What every detector must make of values that are missing, huge, constant or new."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from rtml.arrays import Array
from rtml.testing.detector_laws import Make, learnt
from rtml.testing.windows import FEATURES, alike, outlier, windows, with_value

__all__ = ["VALUES", "what_was_seen_often_is_not_strange"]

_ODD = (None, float("nan"), float("inf"), 1e308, 3e20)


def _finite(scores: Array, where: str) -> None:
    assert scores.dtype == np.float64, f"scores are {scores.dtype}, not float64"
    assert np.isfinite(scores).all(), f"{where}: a score is not finite"


def scores_are_finite_floats(make: Make) -> None:
    """Return finite doubles for windows with nothing missing."""
    _finite(learnt(make).score(outlier(windows(seed=2), 3)), "an outlier")


def missing_and_huge_never_look_normal(make: Make) -> None:
    """Never take a missing, infinite or huge column for normal."""
    detector, frame = learnt(make), windows(seed=2)
    usual = float(np.median(detector.score(frame)))
    for column in FEATURES:
        for value in _ODD:
            scores = detector.score(with_value(frame, column, value))
            assert not np.isinf(scores).any(), f"{column} = {value}: an infinite score"
            opinions = scores[~np.isnan(scores)]
            calm = float(np.median(opinions)) if len(opinions) else usual
            assert calm >= usual, f"{column} = {value} scores {calm}, usual windows {usual}"


def minus_infinity_is_survived(make: Make) -> None:
    """Survive minus infinity."""
    _finite(learnt(make).score(with_value(windows(seed=2), "a.x", -float("inf"))), "minus infinity")


def everything_missing_is_not_normal(make: Make) -> None:
    """Never take a window without any value for normal."""
    detector, frame = learnt(make), windows(seed=2)
    scores = detector.score(frame.drop(FEATURES).with_columns(events=pl.lit(None, pl.Int64)))
    usual = float(np.median(detector.score(frame)))
    blind = detector.trivial or bool(np.isnan(scores).all())
    assert blind or scores.min() > usual, f"nothing at all scores {scores.min()}, usual windows {usual}"


def a_new_column_never_looks_normal(make: Make) -> None:
    """Never score lower for a feature column that is new, and ignore one that is 0."""
    detector, frame = learnt(make), windows(seed=2)
    usual, more = detector.score(frame), detector.score(with_value(frame, "z.bits_max", 50.0))
    _finite(more, "a new column")
    assert (more >= usual).all(), "a new column lowers a score"
    calm = detector.score(with_value(frame, "z.bits_max", 0.0))
    np.testing.assert_array_equal(calm, usual, err_msg="a new column that is 0 changes scores")


def hostile_training_is_survived(make: Make) -> None:
    """Survive training on missing, infinite and NaN columns."""
    detector, frame = make(seed=3), windows()
    for column, value in (("a.x", None), ("a.y", float("inf")), ("b.bits_max", float("nan"))):
        frame = with_value(frame, column, value)
    detector.learn(frame)
    _finite(detector.score(windows(seed=2)), "hostile training")


def constant_columns_are_survived(make: Make) -> None:
    """Survive training windows that never vary."""
    frame = windows().with_columns(pl.lit(1.0).alias(name) for name in FEATURES)
    detector = make(seed=3)
    detector.learn(frame)
    _finite(detector.score(frame), "constant training")


def a_new_workload_is_not_normal_in_silence(make: Make) -> None:
    """Find the outlier in a workload never met, or have no opinion there."""
    detector = learnt(make)
    scores = detector.score(outlier(windows(workloads=("new",), seed=4), 5))
    blind = detector.trivial or bool(np.isnan(scores).all())
    assert blind or scores[5] == scores.max(), f"the outlier scores {scores[5]}, another {scores.max()}"


def what_was_seen_often_is_not_strange(make: Make) -> None:
    """Score what training saw often in the lower half, and what it saw at all below what is absurd."""
    detector, frame = make(seed=3), alike(windows())
    detector.learn(frame)
    scores, absurd = detector.score(frame), detector.score(outlier(frame, 0))[0]
    lower = float(np.mean(scores < scores[0]))
    assert detector.trivial or lower < 0.5, (
        f"{lower:.0%} of training scores are lower than the commonest window's"
    )
    most = float(scores[frame["workload"] == frame["workload"][0]].max())
    assert detector.trivial or most < absurd, f"a window of training scores {most}, an absurd one {absurd}"


VALUES: tuple[Callable[[Make], None], ...] = (
    scores_are_finite_floats,
    missing_and_huge_never_look_normal,
    minus_infinity_is_survived,
    everything_missing_is_not_normal,
    a_new_column_never_looks_normal,
    hostile_training_is_survived,
    constant_columns_are_survived,
    what_was_seen_often_is_not_strange,
    a_new_workload_is_not_normal_in_silence,
)
"""Laws of what a detector makes of odd values."""
