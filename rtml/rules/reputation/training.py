"""Train a model; measure it on families that it has not seen, set thresholds on good names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression

from rtml.errors import UsageError
from rtml.progress import steps
from rtml.rules.reputation.lists import BENIGN
from rtml.rules.reputation.model import Card, Model, Threshold
from rtml.rules.reputation.ngrams import ngrams
from rtml.rules.reputation.quality import quality_of

__all__ = ["FOLDS", "train"]

FOLDS = 5
"""Parts that each are held out once."""

_STRENGTH = 10.0  # inverse of the penalty; weights of n-grams of unit length need room
Array = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]


def train(
    names: pl.DataFrame, digests: Mapping[str, str], false_rate: float = 0.001, seed: int = 0
) -> tuple[Model, pl.DataFrame]:
    """Train on all names; thresholds and quality come of models that had not seen what they score.

    Parameters
    ----------
    names, digests
        As `rtml.rules.reputation.lists.read_names` returns them.
    false_rate
        Share of distinct good names that may exceed each category's threshold. With *n* good names
        none below 1/(n + 1) can be promised: then the threshold lies above all of them.
    seed
        Of the division into parts; the same names and seed give the same bits.

    Returns
    -------
    The model, and its quality (`rtml.rules.reputation.quality.QUALITY`) on names that were held
    out: families whole, good names by registered domain.
    """
    if not 0 < false_rate < 1:
        raise UsageError(f"a false rate of {false_rate:g}: it lies between 0 and 1")
    names = names.sort("category", "family", "registered", "under")
    matrix, part = ngrams(names), _parts(names, seed)
    good = (names["category"] == BENIGN).to_numpy()
    thresholds, weights, intercepts, quality = {}, [], [], []
    for category in steps(sorted(set(names["category"].to_list()) - {BENIGN}), "fitting", "categories"):
        bad = (names["category"] == category).to_numpy()
        held = _held_out(matrix, good, bad, part)
        thresholds[category] = _threshold(held[good], false_rate)
        quality.append(quality_of(names["family"].filter(bad), held[good], held[bad], category))
        regression = _fit(matrix, good, bad)
        weights.append(regression.coef_[0])
        intercepts.append(float(regression.intercept_[0]))
    table = pl.concat(quality)
    card = Card(
        thresholds=thresholds, files=dict(sorted(digests.items())), seed=seed, quality=table.to_dicts()
    )
    return Model(card, np.array(weights), np.array(intercepts)), table


def _fit(matrix: Any, good: Flags, bad: Flags) -> LogisticRegression:
    rows = good | bad
    model = LogisticRegression(
        C=_STRENGTH, class_weight="balanced", solver="liblinear", random_state=0, max_iter=1000
    )
    return model.fit(matrix[rows], bad[rows])


def _held_out(matrix: Any, good: Flags, bad: Flags, part: Any) -> Array:
    """Log-odds of names by a model that has seen neither them nor their family; else NaN."""
    held = np.full(len(good), np.nan)
    for fold in steps(range(FOLDS), "holding out", "parts"):
        in_fold = part == fold
        if not (good & ~in_fold).any():
            continue
        # A category of one family cannot spare it: then only good names are held out.
        learnt = bad & ~in_fold if (bad & ~in_fold).any() else bad
        model = _fit(matrix, good & ~in_fold, learnt)
        rows = in_fold & (good | (bad & ~learnt))
        if rows.any():
            held[rows] = model.decision_function(matrix[rows])
    return held


def _parts(names: pl.DataFrame, seed: int) -> Any:
    """Part of each name; a family lies in one part, parts of a category are about equal."""
    families = names.group_by("category", "family").len().sort("category", "family")
    order = np.random.default_rng(seed).permutation(families.height)
    families = (
        families[order.tolist()]
        .with_columns(at=pl.int_range(pl.len()).over("category"))
        .with_columns(part=pl.col("at") % FOLDS)
    )
    joined = names.join(families, on=["category", "family"], how="left", maintain_order="left")
    return joined["part"].to_numpy()


def _threshold(benign: Array, false_rate: float) -> Threshold:
    scores = np.sort(benign[np.isfinite(benign)])[::-1]
    allowed = int(false_rate * (len(scores) + 1))
    return Threshold(
        value=float(scores[min(allowed, len(scores) - 1)]),
        false_rate=false_rate,
        benign=len(scores),
        resolvable=allowed > 0,
    )
