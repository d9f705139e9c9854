"""Score once more, in other batches and another order: a detector that looks around itself gives itself away.

What a row scores may depend on what was learnt, never on the rows that happen to be scored with it. A
detector that standardises by the batch, looks ahead in time, or keeps something between calls scores the
same rows differently when they come in three batches, turned round within each.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np
import polars as pl

from rtml.arrays import Array
from rtml.detectors import Detector
from rtml.errors import RtmlError
from rtml.models.calibration import Calibration
from rtml.models.judging import raw_scores
from rtml.models.parts import Parts
from rtml.models.scoring import Scored
from rtml.schema import COMBINED

__all__ = ["refuse_differences", "score_differences"]

_BATCHES = 3


def score_differences(
    detectors: Mapping[str, Detector],
    trees: pl.DataFrame,
    first: Mapping[str, Array],
    calibrations: Mapping[str, Calibration] | None = None,
    budget: float = 1.0,
) -> dict[str, int]:
    """Return by label how many trees score differently the second time; empty where all are the same bits.

    Parameters
    ----------
    detectors
        As they were before they scored; they learn nothing here.
    trees
        The rows that were scored.
    first
        What each detector said of them.
    calibrations, budget
        What holds alarming trees back from learning, as it did the first time.

    Notes
    -----
    Online detectors see time in its order both times, and learn; the others see each batch turned round.
    Fails to notice a detector that does what it does whichever way rows come (see `rtml.experiment.guard`
    for files).
    """
    second = {label: np.full(trees.height, np.nan) for label in first}
    own = {label: copy.deepcopy(detectors[label]) for label in first}
    for places in _batches(trees):
        for label, detector in own.items():
            order = places if detector.online else places[::-1]
            again = raw_scores({label: detector}, trees[order], calibrations, budget)
            second[label][order] = again[label]
    unequal = {label: _unequal(first[label], second[label]) for label in first}
    return {label: number for label, number in unequal.items() if number}


def _unequal(one: Array, other: Array) -> int:
    return int(np.sum(~((one == other) | (np.isnan(one) & np.isnan(other)))))


def _batches(trees: pl.DataFrame) -> list[list[int]]:
    """Return rows in batches of whole windows, in the order of time."""
    windows = trees["window"].unique().sort()
    size = max(1, -(-len(windows) // _BATCHES))
    rows = trees.select("window").with_row_index("row")
    batches = [windows[start : start + size] for start in range(0, len(windows), size)]
    return [rows.filter(pl.col("window").is_in(batch.implode()))["row"].to_list() for batch in batches]


def refuse_differences(parts: Parts, scored: Scored, budget: float | None = None) -> None:
    """Refuse to judge what cannot be repeated.

    Raises
    ------
    RtmlError
        A detector scores the same trees differently when they come in other batches.
    """
    first = {
        str(label): rows["score"].to_numpy()
        for (label,), rows in scored.tree_scores.group_by("detector", maintain_order=True)
        if label != COMBINED
    }
    wanted = parts.description.budget if budget is None else budget
    different = score_differences(parts.detectors, scored.trees, first, parts.calibrations, wanted)
    for label, number in different.items():
        raise RtmlError(
            f"detector {label!r} scores {number} of {scored.trees.height} process trees differently when the "
            "same trees come in three batches: it looks at the rows beside each other, or ahead in time, or "
            "keeps something between calls; score each row by what was learnt, and by nothing else"
        )
