"""How good a model is on names that were held out, by category and by family."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

__all__ = ["QUALITY", "RATES", "quality_of"]

RATES = {"recall_1pct": 0.01, "recall_01pct": 0.001}
"""Recall at a threshold that this share of held-out good names exceeds."""

QUALITY = pl.Schema(
    {
        "category": pl.String,
        "family": pl.String,
        "names": pl.Int64,
        "auroc": pl.Float64,
        **dict.fromkeys(RATES, pl.Float64),
        "note": pl.String,
    }
)
"""``family`` is null for the category as a whole; ``note`` says why a number is null."""

Array = np.ndarray[Any, np.dtype[np.float64]]


def quality_of(families: pl.Series, benign: Array, bad: Array, category: str) -> pl.DataFrame:
    """Measure one category.

    Parameters
    ----------
    families
        Family of each bad name.
    benign, bad
        Held-out scores; NaN where no model could leave the name out.
    category
        Its name.

    Examples
    --------
    >>> quality_of(pl.Series(["a", "a"]), np.zeros(200), np.array([1.0, -1.0]), "malicious").select(
    ...     "family", "names", "auroc", "recall_1pct", "recall_01pct").rows()
    [(None, 2, 0.5, 0.5, None), ('a', 2, 0.5, 0.5, None)]
    """
    benign = np.sort(benign[np.isfinite(benign)])[::-1]
    rows = [_row(category, None, benign, bad)]
    for family in families.unique(maintain_order=True) if families.n_unique() <= 200 else []:
        rows.append(_row(category, family, benign, bad[(families == family).to_numpy()]))
    return pl.DataFrame(rows, schema=QUALITY, orient="row")


def _row(category: str, family: str | None, benign: Array, bad: Array) -> tuple[Any, ...]:
    scored = bad[np.isfinite(bad)]
    if not len(scored) or not len(benign):
        return category, family, len(bad), None, *[None] * len(RATES), "no family to hold out"
    truth = np.repeat([0, 1], [len(benign), len(scored)])
    auroc = float(roc_auc_score(truth, np.concatenate([benign, scored])))
    recalls, notes = [], []
    for rate in RATES.values():
        allowed = int(rate * (len(benign) + 1))
        if allowed == 0:
            notes.append(f"{len(benign)} good names cannot show {rate:.1%}")
        recalls.append(float((scored > benign[allowed]).mean()) if allowed else None)
    return category, family, len(bad), auroc, *recalls, "; ".join(notes) or None
