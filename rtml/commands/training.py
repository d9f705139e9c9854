"""Train on captures, keep the model in a folder and in MLflow."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from rtml.captures import Capture, open_captures
from rtml.errors import RtmlError, UsageError
from rtml.experiment.config import Experiment
from rtml.experiment.tracking import tracked_run
from rtml.models import Trained, train
from rtml.models.bundle import save_model

__all__ = ["train_and_keep"]


def train_and_keep(
    experiment: Experiment, captures: Sequence[str], out: Path | None, tracked: bool
) -> dict[str, Any]:
    """Train and save; return the model's URI and what it was made of."""
    capture = open_captures(captures)
    trained = train(capture, experiment, *_times(capture, experiment))
    with tempfile.TemporaryDirectory() as scratch:
        folder = save_model(trained.model, out or Path(scratch) / "model", trained.baseline.save)
        uri = _log(experiment, trained, folder) if tracked else str(folder)
    windows = trained.windows["part"].value_counts()
    counts = dict(windows.iter_rows())
    return {
        "model": uri,
        "folder": None if out is None else str(out),
        "detectors": len(trained.model.detectors),
        **counts,
        "until": trained.windows.select(pl.col("window").max()).item().isoformat(),
    }


def _times(capture: Capture, experiment: Experiment) -> tuple[dt.datetime, dt.datetime | None]:
    """Boundaries: as written, or the share of training within the captures' time."""
    calibrate, test = experiment.split.calibrate, experiment.split.test
    if isinstance(calibrate, dt.datetime) and isinstance(test, dt.datetime):
        return calibrate, test
    start, end = capture.manifest.start, capture.manifest.end
    if start is None or end is None:
        raise RtmlError(f"{capture.path}: no events, nothing to learn from")
    if isinstance(calibrate, float) and isinstance(test, float):
        return start + (end - start) * (calibrate / test), None
    raise UsageError("split: give both `calibrate` and `test` as times, or both as shares")


def _log(experiment: Experiment, trained: Trained, folder: Path) -> str:
    with tracked_run("rtml", f"train {experiment.name}") as run:
        run.params(experiment.model_dump(mode="json", exclude={"name"}))
        run.tags({f"rtml.data.{i}": d for i, d in enumerate(trained.model.description.data.values())})
        run.files(folder, "model")
        return run.model_uri
