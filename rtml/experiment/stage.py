"""What an experiment works on: its capture, labels and split, and what may be learnt from."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rtml.captures import Capture
from rtml.experiment.config import Experiment
from rtml.experiment.early import Early, without_early_attacks
from rtml.experiment.holding_out import HeldOut, hold_out
from rtml.splits import Split

__all__ = ["Stage", "stage_of"]


@dataclass(frozen=True)
class Stage:
    """``early.capture`` is what may be learnt from: without early attacks and what is held out."""

    capture: Capture
    labels: pl.DataFrame
    split: Split
    held: HeldOut
    early: Early


def stage_of(experiment: Experiment, capture: Capture, labels: pl.DataFrame) -> Stage:
    """Lay an experiment over a capture and its labels.

    Raises
    ------
    RtmlError
        Attacks lie before the test, or what is held out does not exist or leaves nothing.
    """
    split = experiment.split.of(capture, experiment.every)
    held = hold_out(experiment.hold_out, capture, labels)
    early = without_early_attacks(capture, labels, split, experiment)
    return Stage(capture, labels, split, held, held.unseen(early, split, labels))
