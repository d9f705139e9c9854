"""Why trees alarm, by the detectors of a model, and what would have made them usual."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from rtml.arrays import Array
from rtml.detectors import Detector
from rtml.models.explaining.combined import combined_reasons
from rtml.models.explaining.counterfactual import counterfactuals
from rtml.models.judging import tree_scores
from rtml.models.parts import Parts
from rtml.peers import peer_groups
from rtml.schema import COMBINED

__all__ = ["counterfactuals_of", "reasons_of"]

_TREE = ["container_id", "window", "process_id"]


def reasons_of(parts: Parts, label: str, rows: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    """Return ``container_id, window, process_id, feature, value, usual, share`` of alarming trees.

    Parameters
    ----------
    parts
        The model.
    label
        Of the detector that raised the alarms, or of the combination.
    rows
        Features of the trees that alarm.
    scores
        `TREE_SCORES` of all detectors: where the combination alarms, its members' scores.
    """
    if label == COMBINED:
        members = parts.description.combined
        margins = {name: _margins(parts, name, rows, scores) for name in members}
        said = combined_reasons(margins, {name: _said(parts.detectors[name], rows) for name in members})
    else:
        said = _said(parts.detectors[label], rows)
    place = rows.select(_TREE).with_row_index("row").cast({"row": pl.UInt32})
    return (
        said.filter(pl.col("share") > 0)
        .join(place, on="row")
        .sort("row", "share", "feature", descending=[False, True, False])
        .select(*_TREE, "feature", "value", "usual", "share")
    )


def _said(detector: Detector, rows: pl.DataFrame) -> pl.DataFrame:
    return detector.explain(rows).filter(pl.col("share") > 0)


def _margins(parts: Parts, label: str, rows: pl.DataFrame, scores: pl.DataFrame) -> Array:
    """Return the margins that were combined: those of the usual budget, whatever was asked for."""
    ours = scores.filter(pl.col("detector") == label).select(*_TREE, "score")
    joined = rows.select(_TREE).join(ours, on=_TREE, how="left", nulls_equal=True, maintain_order="left")
    values = joined["score"].fill_null(float("nan")).to_numpy()
    return parts.calibrations[label].margins(values, peer_groups(rows))


def counterfactuals_of(
    parts: Parts, label: str, rows: pl.DataFrame, surprises: pl.DataFrame, budget: float
) -> pl.DataFrame:
    """Return what alarming trees need not have done to be usual (`counterfactuals`).

    Each tree is scored as it is, and without its most surprising events, by the detectors as they are now.
    """
    members = parts.description.combined if label == COMBINED else []

    def alarming(changed: pl.DataFrame) -> npt.NDArray[np.bool_]:
        raw = {name: parts.detectors[name].score(changed) for name in members or [label]}
        judged = tree_scores(changed, raw, parts.calibrations, members, budget)
        return judged.filter(pl.col("detector") == label)["alarm"].to_numpy()

    return counterfactuals(rows, surprises, alarming)
