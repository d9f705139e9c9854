"""How well window scores rank attacks above benign time: AUROC, average precision, TPR at 1 % FPR.

AUROC is never given alone: with few positives it stays near 1 while average precision says that
nearly every alarm is false. Points come from scikit-learn; the intervals resample *attacks*, not
windows, because the windows of one attack rise and fall together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from rtml.evaluation.measure import RESAMPLES, Measure, interval, refused

Resampled = Callable[[np.ndarray], np.ndarray]

__all__ = ["HARD", "NEEDED", "Ranked", "auroc", "average_precision", "ranks", "tpr_at_fpr"]

NEEDED = 100
"""Benign windows below which a false-positive rate of 1 % is less than one window."""

HARD = 20
"""A score with no more distinct levels than this is a hard score: its AUROC is only a few steps."""


@dataclass(frozen=True)
class Ranked:
    """Dense ranks of scores, 0/1 targets, and per positive window the attacks in it.

    ``attacks`` is a (windows x attacks) boolean array over the positive windows in their order; ``silent`` is
    the number of windows without a score.
    """

    rank: np.ndarray
    target: np.ndarray
    attacks: np.ndarray
    silent: int = 0

    @property
    def refusal(self) -> str | None:
        """Why nothing can be ranked, or null."""
        if self.target.sum() == 0:
            return "no window of test time overlaps an attack"
        if self.target.all():
            return "test time holds no benign window"
        return None if self.rank.any() else "gave no opinion on any window"


def ranks(scores: pl.Series) -> np.ndarray:
    """Return dense ranks, 0 for no opinion (null or NaN), so that ties and infinities are kept.

    No opinion ranks below every score: a detector that is silent about an attack did not find it.

    Examples
    --------
    >>> ranks(pl.Series([0.5, None, float("inf"), 0.5, float("nan")])).tolist()
    [1.0, 0.0, 2.0, 1.0, 0.0]
    """
    numbers = scores.cast(pl.Float64).fill_nan(None)
    return numbers.rank("dense").fill_null(0).to_numpy().astype(float)


def auroc(ranked: Ranked, seed: int = 0, resamples: int = RESAMPLES) -> Measure:
    """Return the chance that an attack's window scores above a benign one (ties count half).

    References
    ----------
    https://scikit-learn.org/stable/modules/generated/sklearn.metrics.roc_auc_score.html

    Examples
    --------
    >>> two = Ranked(np.array([3.0, 1, 2, 0]), np.array([1, 0, 1, 0]), np.eye(2, dtype=bool))
    >>> auroc(two).value
    1.0
    """
    if ranked.refusal:
        return refused(ranked.refusal)
    benign = np.sort(ranked.rank[ranked.target == 0])
    hits = ranked.rank[ranked.target == 1]
    below = np.searchsorted(benign, hits, "left") + np.searchsorted(benign, hits, "right")
    wins = below / (2 * len(benign))
    value = float(roc_auc_score(ranked.target, ranked.rank))
    return _with_interval(value, ranked, lambda w: w @ wins / w.sum(axis=1), seed, resamples)


def average_precision(ranked: Ranked, seed: int = 0, resamples: int = RESAMPLES) -> Measure:
    """Return average precision; a random score reaches the prevalence, not 0.5.

    References
    ----------
    https://scikit-learn.org/stable/modules/generated/sklearn.metrics.average_precision_score.html

    Examples
    --------
    >>> two = Ranked(np.array([3.0, 1, 2, 0]), np.array([1, 0, 1, 0]), np.eye(2, dtype=bool))
    >>> average_precision(two).value
    1.0
    """
    if ranked.refusal:
        return refused(ranked.refusal)
    value = float(average_precision_score(ranked.target, ranked.rank))
    return _with_interval(value, ranked, partial(weighted_precision, ranked), seed, resamples)


def weighted_precision(ranked: Ranked, weights: np.ndarray) -> np.ndarray:
    """Return average precision per row of ``weights`` (resamples x positive windows)."""
    hits = ranked.rank[ranked.target == 1]
    order = np.argsort(-hits, kind="stable")
    last = np.flatnonzero(np.diff(hits[order], append=-1))  # where each group of ties ends
    caught = np.cumsum(weights[:, order], axis=1)[:, last]
    benign = np.sort(ranked.rank[ranked.target == 0])
    false = len(benign) - np.searchsorted(benign, hits[order][last], "left")
    precision = caught / np.maximum(caught + false, 1e-300)
    steps = np.diff(caught, axis=1, prepend=0) / caught[:, -1:]
    return np.asarray((steps * precision).sum(axis=1))


def tpr_at_fpr(ranked: Ranked, fpr: float = 0.01, seed: int = 0, resamples: int = RESAMPLES) -> Measure:
    """Return the share of attack windows above a threshold that at most ``fpr`` of benign reach.

    Tied scores are taken together or not at all, so a constant score reaches 0. Refused with fewer
    than 100 benign windows: 1 % of them is then less than one.

    References
    ----------
    https://scikit-learn.org/stable/modules/generated/sklearn.metrics.roc_curve.html

    Examples
    --------
    >>> few = Ranked(np.array([3.0, 1, 2, 0]), np.array([1, 0, 1, 0]), np.eye(2, dtype=bool))
    >>> tpr_at_fpr(few).reason
    'needs >= 100 benign windows, has 2'
    """
    benign = int((ranked.target == 0).sum())
    if benign < NEEDED:
        return refused(f"needs >= {NEEDED} benign windows, has {benign}")
    if ranked.refusal:
        return refused(ranked.refusal)
    false, true, cuts = roc_curve(ranked.target, ranked.rank, drop_intermediate=False)
    allowed = np.flatnonzero(false <= fpr)[-1]
    over = (ranked.rank[ranked.target == 1] >= cuts[allowed]).astype(float)
    return _with_interval(float(true[allowed]), ranked, lambda w: w @ over / w.sum(axis=1), seed, resamples)


def _with_interval(
    value: float, ranked: Ranked, of: Resampled, seed: int, resamples: int = RESAMPLES
) -> Measure:
    attacks = ranked.attacks.shape[1]
    if not resamples:
        return Measure(value, method="no interval asked for")
    if attacks < 2:
        return Measure(value, method="no interval: fewer than 2 attacks")
    draws = np.random.default_rng(seed).integers(0, attacks, (resamples, attacks))
    counts = np.zeros((resamples, attacks))
    np.add.at(counts, (np.arange(resamples)[:, None], draws), 1)
    weights = counts @ (ranked.attacks / ranked.attacks.sum(axis=1, keepdims=True)).T
    low, high = interval(of(weights[weights.sum(axis=1) > 0]))
    return Measure(value, low, high, f"bootstrap over {attacks} attacks")
