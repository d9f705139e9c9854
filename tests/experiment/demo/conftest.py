"""The demo, run once for all tests here: tracked, in a folder of its own."""

from __future__ import annotations

import pytest

from rtml.experiment import Outcome, run_experiment
from rtml.experiment.config import Experiment, load_experiment
from tests.conftest import LAB, REPOSITORY


@pytest.fixture(scope="session")
def demo_config() -> Experiment:
    """`experiments/lab.yml` with absolute paths."""
    demo = load_experiment(REPOSITORY / "experiments" / "lab.yml")
    return demo.model_copy(update={"capture": [str(LAB / "capture")], "labels": LAB / "labels.parquet"})


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An MLflow store of this test run."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db"


@pytest.fixture(scope="session")
def demo(demo_config: Experiment, store: str, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Outcome of the demo."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", store)
        patch.chdir(folder)
        return run_experiment(demo_config, folder / "run")
