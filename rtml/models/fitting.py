"""Calibrations from trees: fitted to all, and tried on containers that they have not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from rtml.models.calibration import Calibration
from rtml.models.tails import UNKNOWN, Prior

__all__ = ["FOLDS", "Fit"]

FOLDS = 4
"""Parts of the calibration containers, each judged by what the others gave."""


@dataclass(frozen=True)
class Fit:
    """How the scores of one detector are calibrated: what is known of their tail, its least scale.

    ``vouched``: somebody says that no attack is among the trees (`rtml.models.counting`).
    """

    prior: Prior = UNKNOWN
    unit: float = 0.0
    vouched: bool = False

    def of(self, trees: pl.DataFrame, days: Mapping[str, float]) -> Calibration:
        """Calibrate on trees (``score``, ``peers``) seen in so many container-days per peer group."""
        scores = trees["score"].fill_null(float("nan")).to_numpy()
        groups = trees["peers"].to_list()
        return Calibration.fit(scores, groups, days, unit=self.unit, prior=self.prior, vouched=self.vouched)

    def realised(self, trees: pl.DataFrame, windows: pl.DataFrame, budget: float) -> float | None:
        """Return the findings per container-day on containers that the threshold has not seen.

        Parameters
        ----------
        trees
            ``container_id``, ``score``, ``peers``: one row per tree, outliers left out.
        windows
            ``container_id``, ``peers``, ``days``: how long each container was watched.
        budget
            Findings per container-day that were asked for.

        Returns
        -------
        Each of `FOLDS` parts of the containers is judged by a calibration on the others; null where there are
        fewer containers than parts.
        """
        containers = windows["container_id"].unique().sort()
        if len(containers) < FOLDS:
            return None
        fold = pl.col("container_id").replace_strict(containers, np.arange(len(containers)) % FOLDS)
        found, split, spent = 0, trees.with_columns(fold=fold), windows.with_columns(fold=fold)
        for number in range(FOLDS):
            seen, rest = spent.filter(pl.col("fold") != number), split.filter(pl.col("fold") == number)
            days = dict(seen.group_by("peers").agg(pl.col("days").sum()).sort("peers").iter_rows())
            calibration = self.of(split.filter(pl.col("fold") != number), days)
            scores, groups = rest["score"].fill_null(float("nan")).to_numpy(), rest["peers"].to_list()
            found += int(calibration.alarms(scores, groups, calibration.threshold(budget)).sum())
        return found / float(windows["days"].sum())
