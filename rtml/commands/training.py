"""Train on captures, keep the model in a folder and in MLflow."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from rtml.captures import open_captures
from rtml.experiment.config import Experiment
from rtml.experiment.run import learn
from rtml.experiment.tracking import tracked_run
from rtml.models import Model
from rtml.models.windows import container_windows
from rtml.splits import Split

__all__ = ["train_and_keep"]


def train_and_keep(
    experiment: Experiment, captures: Sequence[str], out: Path | None, tracked: bool
) -> dict[str, Any]:
    """Train and save; return the model's URI and what it was made of."""
    capture = open_captures(captures)
    model = learn(experiment, capture, _split(experiment))
    assert model.trees is not None
    assert model.outliers is not None
    with tempfile.TemporaryDirectory() as scratch:
        folder = model.save(out or Path(scratch) / "model")
        uri = _log(experiment, model, folder) if tracked else str(folder)
    windows = container_windows(model.trees)
    counts = dict(windows["part"].value_counts().iter_rows())
    return {
        "model": uri,
        "folder": None if out is None else str(out),
        "detectors": len(model.detectors),
        **counts,
        "until": windows.select(pl.col("window").max()).item().isoformat(),
        "outliers": model.outliers.height,
    }


def _split(experiment: Experiment) -> Split:
    """Take moments as written; of shares all is benign time, so that the test's share goes to both."""
    calibrate, test = experiment.split.calibrate, experiment.split.test
    if isinstance(calibrate, float) and isinstance(test, float):
        return Split(calibrate / test, 1.0)
    return experiment.split


def _log(experiment: Experiment, model: Model, folder: Path) -> str:
    with tracked_run("rtml", f"train {experiment.name}") as run:
        run.params(experiment.model_dump(mode="json", exclude={"name"}))
        run.tags({f"rtml.data.{i}": d for i, d in enumerate(model.description.data.values())})
        run.files(folder, "model")
        return run.model_uri
