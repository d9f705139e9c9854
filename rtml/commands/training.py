"""Train on captures, keep the model in a folder and in MLflow."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import polars as pl

from rtml.costs import Cost, measuring, spent
from rtml.experiment.config import Experiment
from rtml.experiment.costs import TRAIN
from rtml.experiment.looked_at import capture_of
from rtml.experiment.run import learn
from rtml.features.reader import Readers, own_reader
from rtml.models import Model
from rtml.models.windows import container_windows
from rtml.splits import Split
from rtml.tracking import tags
from rtml.tracking.inputs import capture_input
from rtml.tracking.logged import log_model
from rtml.tracking.runs import Run, tracked_run

__all__ = ["train_and_keep"]


def train_and_keep(
    experiment: Experiment,
    captures: Sequence[str],
    out: Path | None,
    tracked: bool,
    verdicts: Path | None = None,
    readers: Readers = own_reader,
) -> dict[str, Any]:
    """Train and save; return the model's URI and what it was made of."""
    capture = capture_of(experiment, captures)
    run = tracked_run(f"train {experiment.name}", "train") if tracked else nullcontext(None)
    with run as tracking, tempfile.TemporaryDirectory() as scratch:
        with measuring() as costs, spent(TRAIN):
            model = learn(experiment, capture, _split(experiment), verdicts, readers)
        folder = model.save(out or Path(scratch) / "model")
        uri = str(folder) if tracking is None else _log(experiment, model, folder, tracking, costs[(TRAIN,)])
    assert model.trees is not None
    assert model.outliers is not None
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


def _log(experiment: Experiment, model: Model, folder: Path, run: Run, cost: Cost) -> str:
    data = model.description.data
    run.params(experiment.model_dump(mode="json", exclude={"name", "labels"}))
    run.inputs([capture_input(path, digest, "training") for path, digest in data.items()])
    run.tags({f"{tags.DATA}.{number}": digest for number, digest in enumerate(data.values())})
    logged = log_model(run, model, folder)
    run.metrics({"cpu_seconds": cost.cpu_seconds, "peak_memory_mb": cost.peak_bytes / 1e6}, logged.model_id)
    return logged.uri
