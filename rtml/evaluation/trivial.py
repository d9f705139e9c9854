"""The rows that every result stands beside: random, flag-all, and the best single feature.

A model that does not beat these has learnt nothing that matters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from rtml.errors import RtmlError
from rtml.evaluation.budget import score_curve, scored_trees
from rtml.evaluation.cells import tree_flags
from rtml.evaluation.measure import Measure
from rtml.evaluation.ranking import single
from rtml.evaluation.sides import Side
from rtml.evaluation.track import Track
from rtml.evaluation.verdict import Verdict, assess
from rtml.schema import FINDINGS, empty, feature_columns

__all__ = ["SEEDS", "best_single_feature", "flag_all", "flag_trees", "random_verdict"]

SEEDS = 20
"""Random rows are means over this many seeds; one lucky seed proves nothing."""


def flag_trees(name: str, scores: pl.DataFrame, threshold: float, track: Track) -> pl.DataFrame:
    """Return findings for the process trees of the test that score at least ``threshold``.

    Parameters
    ----------
    scores
        See `rtml.evaluation.budget.scored_trees`.

    Raises
    ------
    RtmlError
        Fails when the threshold is not a number.
    """
    if threshold != threshold:
        raise RtmlError(f"{name}: the threshold is not a number")
    rows = scored_trees(scores, track).filter(pl.col("score") >= threshold)
    return tree_flags(rows, track.every, name)


def flag_all(track: Track) -> Side:
    """Return the side that flags every process tree of the test: finds everything, costs everything."""
    scores = track.windows.select("container_id", "window", score=pl.lit(1.0))
    return Side("flag all", "trivial", flag_trees("flag all", scores, 1.0, track), scores)


def random_verdict(track: Track, flagged: int, like: str = "", seeds: int = SEEDS) -> Verdict:
    """Return the mean verdict over ``seeds`` random scores that each flag ``flagged`` process trees.

    Give it as many trees as the best model flags (``like`` names it): the row then answers what
    that many alarms find by luck.

    Returns
    -------
    Means of all counts and measures, intervals = 2.5 % to 97.5 % over seeds. Its per-attack table
    is empty: an attack found by one seed in twenty is neither found nor missed.
    """
    sides = [_random_side(track, flagged, seed) for seed in range(seeds)]
    track.judge_together([side.findings for side in sides])
    runs = [assess(side, track, resamples=0) for side in sides]
    note = f"{flagged} trees{', as many as ' + like if like else ''}; mean of {seeds} seeds"
    side = Side("random", "trivial", empty(FINDINGS), note=note)
    return Verdict(
        side,
        total=track.labels.height,
        found=float(np.mean([run.found for run in runs])),
        findings=float(np.mean([run.findings for run in runs])),
        false=float(np.mean([run.false for run in runs])),
        recall=_mean([run.recall for run in runs]),
        rate=_mean([run.rate for run in runs]),
        auroc=_mean([run.auroc for run in runs]),
        average_precision=_mean([run.average_precision for run in runs]),
        tpr=_mean([run.tpr for run in runs]),
        delay=_mean([run.delay for run in runs]),
        attacks=runs[0].attacks.clear(),
        flagged=float(np.mean([run.flagged or 0.0 for run in runs])),
        days=runs[0].days,
    )


def _random_side(track: Track, flagged: int, seed: int) -> Side:
    draws = np.random.default_rng([track.seed, seed])
    order = pl.Series(draws.permutation(track.trees.height)[:flagged], dtype=pl.UInt32)
    windows = track.windows.select(
        "container_id", "window", score=pl.Series(draws.random(track.windows.height))
    )
    return Side("random", "trivial", tree_flags(track.trees[order.sort()], track.every, "random"), windows)


def _mean(measures: Sequence[Measure]) -> Measure:
    values = [m.value for m in measures if m.value is not None]
    if not values:
        return measures[0]
    low, high = np.quantile(values, [0.025, 0.975])
    return Measure(float(np.mean(values)), float(low), float(high), f"over {len(values)} seeds")


def best_single_feature(features: pl.DataFrame, track: Track, allowed: float) -> Side | None:
    """Return the oracle: the one feature, direction and threshold that look best on the *test*.

    Parameters
    ----------
    features
        Rows of process trees (``root_id`` or ``process_id``) or of windows; Float64 columns with a dot in
        the name are tried in both directions.
    allowed
        False units that the threshold may cost; the feature is chosen by average precision.

    Returns
    -------
    A side marked ``oracle`` (an upper bound for shortcuts, never a result), or null when there is
    no feature, or nothing to rank.
    """
    tried = [_feature(features, name, sign, track) for name in feature_columns(features) for sign in (1, -1)]
    rankable = [(value, title, scores) for value, title, scores in tried if value is not None]
    if not rankable:
        return None
    _, title, scores = min(rankable, key=lambda item: (-item[0], item[1]))
    curve = score_curve(scores, track).filter(pl.col("false") <= allowed)
    cut = curve.sort("found")["threshold"][-1]
    findings = empty(FINDINGS) if cut is None else flag_trees(title, scores, cut, track)
    note = f"{title}; feature and threshold chosen on the test attacks"
    return Side("best single feature", "trivial", findings, _by_window(scores), oracle=True, note=note)


def _feature(
    features: pl.DataFrame, name: str, sign: int, track: Track
) -> tuple[float | None, str, pl.DataFrame]:
    root = [
        pl.col(column).alias("root_id") for column in ("root_id", "process_id") if column in features.columns
    ]
    scores = features.select("container_id", "window", *root[:1], score=pl.col(name) * sign)
    value = single(track.ranked(_by_window(scores)), "average_precision").value
    return value, name if sign > 0 else f"low {name}", scores


def _by_window(scores: pl.DataFrame) -> pl.DataFrame:
    """Return one score per container and window, that of its highest tree."""
    return scores.group_by("container_id", "window", maintain_order=True).agg(pl.col("score").max())
