"""Labelled attacks before the test: refused, or their windows left out of all learning."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rtml.captures import Capture
from rtml.captures.leaving_out import CELLS, PartialCapture, cells_of, leave_out
from rtml.evaluation import attacks_in_training
from rtml.experiment.config import Experiment
from rtml.schema import empty
from rtml.splits import Split
from rtml.times import Window, instant

__all__ = ["Early", "without_early_attacks"]


@dataclass(frozen=True)
class Early:
    """The capture that may be learnt from, what is missing in it, and what the ledger must say."""

    capture: Capture
    cells: pl.DataFrame
    every: Window
    notes: list[str]
    vouched: bool = False
    """Whether labels were used to leave attacks out: what is left is then said to be benign."""

    def without_attacks(self, hits: pl.DataFrame) -> pl.DataFrame:
        """Drop rule hits in the same windows: rules are tuned on what models are calibrated on."""
        return leave_out(hits.lazy(), self.cells, self.every).collect()


def _kept(early: pl.DataFrame) -> list[str]:
    if early.is_empty():
        return []
    note = "labelled attacks lie before the test and were left in: users have no labels"
    return [f"{early.height} {note}"]


def without_early_attacks(
    capture: Capture, labels: pl.DataFrame, split: Split, experiment: Experiment
) -> Early:
    """Return the capture to learn from.

    Raises
    ------
    RtmlError
        An attack lies before the test, and the experiment does not say to leave it out.
    """
    every = experiment.every
    wish = experiment.split.early_attacks
    attacks_in_training(labels, split, allow=wish != "refuse")
    early = labels.filter(pl.col("start") < instant(split.edges[2]))
    if early.is_empty() or wish == "keep":
        return Early(capture, empty(CELLS), every, _kept(early))
    cells = cells_of(early, every)
    note = (
        f"{early.height} labelled attacks of {early['technique'].n_unique()} techniques lie before"
        f" the test: their {cells.height} container windows were left out of learning,"
        " calibration and tuning. A user without labels cannot do that"
    )
    return Early(PartialCapture.of(capture, cells, every), cells, every, [note], vouched=True)
