"""MLflow: the one module that knows it. Runs go to a local SQLite file unless the user says otherwise.

``MLFLOW_TRACKING_URI`` decides where runs are kept; default ``sqlite:///mlflow.db`` in the working
folder. Models are logged as plain files (arrays and JSON): nothing is ever pickled.
"""

from __future__ import annotations

import logging
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from rtml.errors import MissingFileError, RtmlError

__all__ = ["Run", "fetch_model", "is_remote", "tracked_run", "tracking_uri"]

DEFAULT_URI = "sqlite:///mlflow.db"
_REMOTE = ("runs:", "models:", "mlflow-artifacts:", "s3:", "gs:", "file:", "dbfs:", "wasbs:")
_MOST = 500  # MLflow refuses longer parameter values on some stores


def tracking_uri() -> str:
    """Where runs are kept."""
    return os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_URI


class Run:
    """A run being recorded: parameters, metrics, files, the model."""

    def __init__(self, mlflow: ModuleType, run_id: str) -> None:
        self._mlflow = mlflow
        self.run_id = run_id
        self.model_uri = f"runs:/{run_id}/model"

    def params(self, values: Mapping[str, Any]) -> None:
        """Log parameters; nested mappings become dotted names, long values are cut."""
        flat = {name: str(value)[:_MOST] for name, value in _flat(values)}
        self._mlflow.log_params(flat)

    def metrics(self, values: Mapping[str, float | None]) -> None:
        """Log numbers; a metric that the data could not carry (null) is left out, not 0."""
        numbers = {_metric_name(k): float(v) for k, v in values.items() if v is not None}
        self._mlflow.log_metrics(numbers)

    def tags(self, values: Mapping[str, str]) -> None:
        """Set tags."""
        self._mlflow.set_tags({name: value[:5000] for name, value in values.items()})

    def files(self, folder: Path, place: str | None = None) -> None:
        """Log a folder's files."""
        self._mlflow.log_artifacts(str(folder), place)

    def file(self, path: Path) -> None:
        """Log one file."""
        self._mlflow.log_artifact(str(path))


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _metric_name(name: str) -> str:
    """MLflow allows letters, digits, ``_ - . /`` and blanks.

    Examples
    --------
    >>> _metric_name("half-space trees.TPR@1%")
    'half-space trees.TPR_1_'
    """
    return re.sub(r"[^\w\-./ ]", "_", name)


@contextmanager
def tracked_run(experiment: str, name: str) -> Iterator[Run]:
    """Open a run; it is marked as failed when the block raises.

    Raises
    ------
    RtmlError
        MLflow is not installed, or the store cannot be reached.
    """
    mlflow = _mlflow()
    with _without_warnings(), _clear_errors(mlflow, tracking_uri()):
        mlflow.set_experiment(experiment)
        started = mlflow.start_run(run_name=name)
    run = Run(mlflow, started.info.run_id)
    try:
        with _without_warnings(), _clear_errors(mlflow, tracking_uri()):
            yield run
    except BaseException:
        with _without_warnings():
            mlflow.end_run("FAILED")
        raise
    with _without_warnings():
        mlflow.end_run()


def is_remote(uri: str) -> bool:
    """Whether a model's place is for MLflow to resolve, not a folder here.

    Examples
    --------
    >>> is_remote("runs:/ID/model"), is_remote("models/today")
    (True, False)
    """
    return uri.startswith(_REMOTE)


def fetch_model(uri: str) -> Path:
    """Return a local folder with the model of ``uri``.

    Parameters
    ----------
    uri
        A folder, or anything that MLflow resolves: ``runs:/ID/model``, ``models:/NAME/VERSION``.

    Raises
    ------
    MissingFileError
        There is no such folder.
    RtmlError
        MLflow has no such model, or is not there.

    Examples
    --------
    >>> fetch_model("no/such/folder")
    Traceback (most recent call last):
    ...
    rtml.errors.MissingFileError: no/such/folder: no model here; give a folder or an MLflow URI ...
    """
    if not is_remote(uri):
        if not (Path(uri) / "model.json").is_file():
            hint = "give a folder or an MLflow URI like runs:/ID/model"
            raise MissingFileError(f"{uri}: no model here; {hint}")
        return Path(uri)
    mlflow = _mlflow()
    with _without_warnings(), _clear_errors(mlflow, uri):
        return Path(mlflow.artifacts.download_artifacts(artifact_uri=uri))


def _mlflow() -> ModuleType:
    """Import MLflow with its telemetry turned off."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    try:
        with _without_warnings():
            import mlflow
    except ImportError as error:
        raise RtmlError("MLflow is not installed: pip install 'rtml[mlflow]'") from error
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    mlflow.set_tracking_uri(tracking_uri())
    return mlflow


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Silence MLflow's own deprecation warnings: nothing here can fix them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _clear_errors(mlflow: ModuleType, where: str) -> Iterator[None]:
    try:
        yield
    except mlflow.exceptions.MlflowException as error:
        first = str(error).splitlines()[0]
        raise RtmlError(f"MLflow at {where}: {first}") from error
