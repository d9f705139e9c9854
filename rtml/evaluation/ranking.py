"""How well window scores rank attacks above benign time, with intervals by two-way resampling.

AUROC is never given alone: with few positives it stays near 1 while average precision says that nearly every
alarm is false.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from rtml.evaluation.measure import RESAMPLES, Measure, clopper_pearson, interval, refused
from rtml.evaluation.resampling import Counts, coarse, count, point, resample
from rtml.evaluation.roc import LEAST_FPR, STATISTICS, Statistic, windows_needed

__all__ = ["HARD", "NEEDED", "Ranked", "below_chance", "ranked_measures", "ranks", "single"]

NEEDED = windows_needed(LEAST_FPR)
"""Benign windows below which a false-positive rate of 1 % is less than one window."""

HARD = 20
"""A score with no more distinct levels than this is a hard score: its AUROC is only a few steps."""

CHANCE = 0.5
_ALIKE = 1e-12


@dataclass(frozen=True)
class Ranked:
    """Dense ranks of scores, 0/1 targets, per positive window the attacks in it, per window its container.

    ``attacks`` is a (windows x attacks) boolean array, best a sparse one, over the positive windows in their
    order; trials of one recording are one column. ``silent`` is the number of windows without a score.
    ``container`` is a code per window; null: benign windows are not resampled.
    """

    rank: np.ndarray
    target: np.ndarray
    attacks: np.ndarray | csr_array
    container: np.ndarray | None = None
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


def single(ranked: Ranked, name: str) -> Measure:
    """Return one of `STATISTICS` without an interval.

    Examples
    --------
    >>> two = Ranked(np.array([3.0, 1, 2, 0]), np.array([1, 0, 1, 0]), np.eye(2, dtype=bool))
    >>> single(two, "auroc").value, single(two, "average_precision").value
    (1.0, 1.0)
    """
    return ranked_measures(ranked, resamples=0, statistics={name: STATISTICS[name]})[name]


def ranked_measures(
    ranked: Ranked,
    seed: int = 0,
    resamples: int = RESAMPLES,
    statistics: Mapping[str, Statistic] = STATISTICS,
) -> dict[str, Measure]:
    """Return every statistic of a ranking with its 95 % interval, from one set of resamples.

    Parameters
    ----------
    seed, resamples
        Of the resampling; 0 resamples leave the intervals out.
    statistics
        What is read off the curve: all, or some of `STATISTICS`.

    Returns
    -------
    Percentile intervals. Where every resample is alike at 0 or 1 the bootstrap would claim certainty: the
    interval is then the exact binomial one of as many attacks. No interval for fewer than two attacks, and
    refused where there are too few benign windows (1 / FPR) or nothing to rank.

    Notes
    -----
    Fails to tell what a second recording would show where few containers hold benign time: the method names
    how many. Attacks and benign windows of one container are drawn apart from each other.

    References
    ----------
    N. Obuchowski, Nonparametric analysis of clustered ROC curve data, Biometrics 53 (1997).
    https://doi.org/10.2307/2533958

    Examples
    --------
    >>> few = Ranked(np.array([3.0, 1, 2, 0]), np.array([1, 0, 1, 0]), np.eye(2, dtype=bool))
    >>> ranked_measures(few)["tpr_at_fpr_1e-2"].reason
    'needs >= 100 benign windows, has 2'
    """
    benign = int((ranked.target == 0).sum())
    reasons = {name: _refusal(ranked, statistic, benign) for name, statistic in statistics.items()}
    measures = {name: refused(reason) for name, reason in reasons.items() if reason is not None}
    wanted = {name: statistic for name, statistic in statistics.items() if reasons[name] is None}
    return measures | _measured(ranked, wanted, seed, resamples) if wanted else measures


def _refusal(ranked: Ranked, statistic: Statistic, benign: int) -> str | None:
    if ranked.target.any() and 0 < benign < statistic.needs:
        return f"needs >= {statistic.needs} benign windows, has {benign}"
    return ranked.refusal


def _measured(
    ranked: Ranked, statistics: Mapping[str, Statistic], seed: int, resamples: int
) -> dict[str, Measure]:
    group = np.zeros(len(ranked.rank), int) if ranked.container is None else ranked.container
    counts = count(ranked.rank, ranked.target, ranked.attacks, group)
    curve = point(counts)
    values = {name: float(statistic.of(curve)[0]) for name, statistic in statistics.items()}
    if not resamples or counts.attacks < 2:
        why = "no interval asked for" if not resamples else "no interval: fewer than 2 attacks"
        return {name: Measure(value, method=why) for name, value in values.items()}
    drawn = resample(coarse(counts), statistics, seed, resamples)
    return {name: _with_interval(value, drawn[name], counts) for name, value in values.items()}


def _with_interval(value: float, drawn: np.ndarray, counts: Counts) -> Measure:
    if np.ptp(drawn) < _ALIKE and min(value, 1 - value) < _ALIKE:
        value = float(round(value))
        low, high = clopper_pearson(value * counts.attacks, counts.attacks)
        return Measure(value, low, high, f"exact binomial over {counts.attacks} attacks: resamples are alike")
    low, high = interval(drawn)
    over = f"bootstrap over {counts.attacks} attacks"
    also = f" x {counts.containers} benign containers" if counts.containers > 1 else ", one benign container"
    return Measure(value, low, high, over + also)


def below_chance(measure: Measure) -> list[str]:
    """Say of an AUROC whose whole interval lies below 0.5 that it ranks attacks below benign time.

    Examples
    --------
    >>> below_chance(Measure(0.2, 0.1, 0.3)), below_chance(Measure(0.4, 0.3, 0.6))
    (['ranks below chance: AUROC lies below 0.5 with its whole interval (a sign turned round?)'], [])
    """
    if measure.high is None or measure.high >= CHANCE:
        return []
    return ["ranks below chance: AUROC lies below 0.5 with its whole interval (a sign turned round?)"]
