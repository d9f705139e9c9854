"""From rows of trees to scores, margins and alarms of every detector and of their combination."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import numpy.typing as npt
import polars as pl

from rtml.arrays import Array
from rtml.costs import spent
from rtml.detectors import Detector, peer_groups
from rtml.detectors.online import OnlineDetector
from rtml.models.alarm import Alarm, beyond
from rtml.models.calibration import Calibration
from rtml.models.combining import combine
from rtml.progress import steps
from rtml.schema import COMBINED, SCORES, SETTINGS, TREE_SCORES, empty

__all__ = ["TREE", "alarms_of", "in_windows", "raw_scores", "tree_scores", "worst_of_trees"]

TREE = ["container_id", "process_id"]
"""What a finding is about: one lineage root in a container."""

_CELL = ["container_id", "window"]


def worst_of_trees(rows: pl.DataFrame, scores: Array) -> pl.DataFrame:
    """Return one row per tree: `TREE`, its ``peers``, and its highest ``score`` over all windows."""
    peers = pl.Series(peer_groups(rows), dtype=pl.String)
    scored = rows.select(*TREE, peers=peers, score=pl.Series(scores, nan_to_null=True))
    return (
        scored.group_by(TREE).agg(pl.col("score").max(), pl.col("peers").first()).sort(TREE, nulls_last=True)
    )


def raw_scores(
    detectors: Mapping[str, Detector],
    rows: pl.DataFrame,
    calibrations: Mapping[str, Calibration] | None = None,
    budget: float = 1.0,
    *,
    learning: bool = True,
) -> dict[str, Array]:
    """Score rows by every detector; online ones learn each window after they have scored it, or nothing.

    With calibrations, trees that alarm are held back from learning: `rtml.models.learners` says when
    they are learnt.
    """
    groups, scores = peer_groups(rows), {}
    for label, detector in steps(detectors.items(), "scoring", "detectors"):
        with spent(label):
            if not learning:
                scores[label] = detector.score(rows)
                continue
            if calibrations is None or not isinstance(detector, OnlineDetector):
                scores[label] = detector.prequential(rows)
                continue
            strange = partial(_alarming, calibrations[label], calibrations[label].threshold(budget), groups)
            scores[label] = detector.prequential(rows, strange)
    return scores


def _alarming(
    calibration: Calibration, alarm: Alarm, groups: list[str], places: list[int], scores: Array
) -> npt.NDArray[np.bool_]:
    return calibration.alarms(scores, [groups[place] for place in places], alarm)


def alarms_of(calibrations: Mapping[str, Calibration], budget: float) -> dict[str, Alarm]:
    """Return the alarm rule of every detector that was calibrated."""
    return {label: calibration.threshold(budget) for label, calibration in calibrations.items()}


def tree_scores(
    rows: pl.DataFrame,
    raw: Mapping[str, Array],
    calibrations: Mapping[str, Calibration],
    combined: list[str],
    budget: float,
) -> pl.DataFrame:
    """Return `TREE_SCORES`: one row per detector, tree and window.

    Parameters
    ----------
    rows
        Features per tree and window.
    raw
        Score of each row by label.
    calibrations
        By label, and of the combination.
    combined
        Labels that are combined; empty: none.
    budget
        False findings per container-day.
    """
    groups = peer_groups(rows)
    scores = dict(raw)
    if combined:
        members = {label: calibrations[label].margins(raw[label], groups) for label in combined}
        scores[COMBINED] = combine(members)
    tables = [empty(TREE_SCORES)]
    for label, values in scores.items():
        calibration = calibrations[label]
        margins = calibration.margins(values, groups)
        columns = {
            "score": values,
            "p_value": calibration.p_values(values, groups),
            "margin": margins,
            "alarm": beyond(margins, calibration.threshold(budget)),
            "budget": _least_budget(calibration, margins),
        }
        placed = rows.select("container_id", "window", "process_id", "workload", "complete").with_columns(
            **{name: pl.Series(column, nan_to_null=True) for name, column in columns.items()},
            detector=pl.lit(label),
        )
        tables.append(placed.select(pl.col(name).cast(kind) for name, kind in TREE_SCORES.items()))
    return pl.concat(tables)


def _least_budget(calibration: Calibration, margins: Array) -> Array:
    """Return the smallest of `SETTINGS` at which each row alarms, NaN where it does at none."""
    least = np.full(len(margins), np.nan)
    for budget in reversed(SETTINGS):
        least[beyond(margins, calibration.threshold(budget))] = budget
    return least


def in_windows(scores: pl.DataFrame) -> pl.DataFrame:
    """Return `SCORES`: one row per detector, container and window, that of its strangest tree."""
    strangest = scores.sort(
        "detector",
        *_CELL,
        "margin",
        "process_id",
        descending=[False, False, False, True, False],
        nulls_last=True,
    ).unique(["detector", *_CELL], keep="first", maintain_order=True)
    raised = scores.group_by("detector", *_CELL).agg(pl.col("alarm").any(), pl.col("complete").all())
    rows = strangest.drop("alarm", "complete").join(raised, on=["detector", *_CELL], maintain_order="left")
    return rows.select(pl.col(name).cast(kind) for name, kind in SCORES.items())
