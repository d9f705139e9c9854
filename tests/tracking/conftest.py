"""The shop of `tests.models.conftest`, its one attack labelled, and an experiment on it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import Capture
from rtml.experiment import Outcome, run_experiment
from rtml.experiment.config import Experiment
from rtml.schema import LABELS
from rtml.tracking.store import mlflow_here, quiet
from tests.models.conftest import CALIBRATE, DETECTORS, FAMILIES, INTRUSION, LEARN, minute, shop

__all__ = ["client", "experiment_on", "labels_of_shop", "own_store"]


@pytest.fixture(scope="session")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    """Forty minutes of the shop."""
    return shop(tmp_path_factory.mktemp("tracked-shop") / "capture")


@pytest.fixture(scope="session")
def experiment(capture: Capture, tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """An experiment that takes seconds."""
    labels = labels_of_shop(tmp_path_factory.mktemp("labels") / "labels.parquet")
    return experiment_on(capture, labels)


@pytest.fixture(scope="session")
def outcome(experiment: Experiment, empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The experiment, run and tracked once, in a store of its own (beside ``outcome.out``)."""
    folder = tmp_path_factory.mktemp("tracked")
    with pytest.MonkeyPatch.context() as patch:
        own_store(empty_store, folder, patch)
        return run_experiment(experiment, folder / "run")


def labels_of_shop(path: Path) -> Path:
    """Write the label of the shop's attack."""
    container, number = INTRUSION
    attack = {
        "attack_id": "kit", "technique": "T1059", "name": "a tool", "host": "h", "container_id": container,
        "start": minute(number), "end": minute(number + 2), "provenance": "replay",
    }  # fmt: skip
    pl.DataFrame([attack], schema=LABELS).write_parquet(path)
    return path


def experiment_on(capture: Capture, labels: Path, **changes: Any) -> Experiment:
    """Return an experiment on the shop."""
    split = {"calibrate": minute(LEARN), "test": minute(CALIBRATE)}
    usual = {
        "name": "shop", "capture": capture.path, "labels": labels, "split": split, "seed": 7, "blocks": 3,
        "budget": 20.0, "detectors": DETECTORS, "families": FAMILIES,
    }  # fmt: skip
    return Experiment.model_validate(usual | changes)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without a run: making its tables takes longer than most tests."""
    file = tmp_path_factory.mktemp("empty") / "mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(file.parent)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{file}")
        with client() as asked:
            asked.create_experiment("rtml", artifact_location=str(file.parent / "mlruns"))
    return file


@pytest.fixture
def store(empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store of this test alone."""
    return own_store(empty_store, tmp_path, monkeypatch)


def own_store(empty_store: Path, folder: Path, patch: pytest.MonkeyPatch) -> str:
    """Make a store in ``folder``, and that folder the working folder."""
    shutil.copy(empty_store, folder / "mlflow.db")
    uri = f"sqlite:///{folder}/mlflow.db"
    patch.setenv("MLFLOW_TRACKING_URI", uri)
    patch.delenv("MLFLOW_EXPERIMENT_ID", raising=False)
    patch.chdir(folder)
    return uri


@contextmanager
def client() -> Iterator[Any]:
    """Give MLflow's client of the store that the environment names."""
    assert os.environ["MLFLOW_TRACKING_URI"]
    with quiet():
        yield mlflow_here().MlflowClient()
