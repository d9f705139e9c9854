"""A run being recorded, and how it ends: finished, failed or killed, with the reason in a tag."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from rtml.tracking.abandoned import close_abandoned, this_process
from rtml.tracking.inputs import Input, data_set_inputs
from rtml.tracking.names import flat, numbers
from rtml.tracking.provenance import provenance
from rtml.tracking.stopping import Heard, ending, stoppable
from rtml.tracking.store import clear_errors, mlflow_here, quiet, shown_uri, tracking_uri
from rtml.tracking.tags import KIND, PROCESS, REASON
from rtml.tracking.view import address, arrange

__all__ = ["EXPERIMENT", "Run", "tracked_run"]

EXPERIMENT = "rtml"
"""Name of the experiment in MLflow, unless ``MLFLOW_EXPERIMENT_NAME`` says another."""

_PARENT = "mlflow.parentRunId"
_LONGEST_TAG = 5000
_BATCH = 1000  # metrics that MLflow takes at once


class Run:
    """A run being recorded: parameters, metrics, data sets, tags, files, and runs below it."""

    def __init__(self, mlflow: ModuleType, run_id: str, experiment_id: str) -> None:
        self.mlflow = mlflow
        self.run_id = run_id
        self.experiment_id = experiment_id
        self.model_uri = f"runs:/{run_id}/model"
        self.heard: Heard = []
        self._client = mlflow.MlflowClient()

    @property
    def page(self) -> str:
        """Address of MLflow's page with the runs and their metrics."""
        return address(self.experiment_id, shown_uri())

    def params(self, values: Mapping[str, Any]) -> None:
        """Log parameters; nested mappings become dotted names, long values are cut."""
        pairs = [self.mlflow.entities.Param(name, text) for name, text in flat(values).items()]
        for first in range(0, len(pairs), 100):
            self._client.log_batch(self.run_id, params=pairs[first : first + 100])

    def metrics(self, values: Mapping[str, Any], model_id: str | None = None) -> None:
        """Log the numbers among values; one that the data could not carry (null) is left out, not 0."""
        self.curve([(0, values)], model_id)

    def curve(self, steps: Sequence[tuple[int, Mapping[str, Any]]], model_id: str | None = None) -> None:
        """Log numbers at steps: found attacks at so many false findings, for instance."""
        now, metric = self.mlflow.utils.time.get_current_time_millis(), self.mlflow.entities.Metric
        points = [
            metric(name, value, now, step, model_id=model_id)
            for step, values in steps
            for name, value in numbers(values).items()
        ]
        for first in range(0, len(points), _BATCH):
            self._client.log_batch(self.run_id, metrics=points[first : first + _BATCH])

    def tags(self, values: Mapping[str, str]) -> None:
        """Set tags."""
        pairs = [self.mlflow.entities.RunTag(k, v[:_LONGEST_TAG]) for k, v in values.items()]
        self._client.log_batch(self.run_id, tags=pairs)

    def inputs(self, inputs: Sequence[Input]) -> None:
        """Log the data sets that the run read."""
        self._client.log_inputs(self.run_id, datasets=data_set_inputs(self.mlflow, inputs))

    def reads_model(self, model_id: str) -> None:
        """Log that the run used a logged model."""
        self._client.log_inputs(self.run_id, models=[self.mlflow.entities.LoggedModelInput(model_id)])

    def file(self, path: Path) -> None:
        """Log one file."""
        self._client.log_artifact(self.run_id, str(path))

    @contextmanager
    def below(self, name: str) -> Iterator[Run]:
        """Open a run below this one; it ends as the block does."""
        tags = {_PARENT: self.run_id, **_whose()}
        made = self._client.create_run(self.experiment_id, tags=tags, run_name=name)
        child = Run(self.mlflow, made.info.run_id, self.experiment_id)
        child.heard = self.heard
        try:
            yield child
        except BaseException as error:
            child.end(*ending(error, self.heard))
            raise
        child.end("FINISHED")

    def end(self, status: str, reason: str | None = None) -> None:
        """Say how the run ended; where the store does not answer, the work's own error goes first."""
        if reason is not None:
            self.tags({REASON: reason})
        self._client.set_terminated(self.run_id, status)


@contextmanager
def tracked_run(name: str, kind: str) -> Iterator[Run]:
    """Open a run; at the end of the block it is finished, and failed or killed when the block raises.

    Within the block SIGTERM and SIGHUP raise `SystemExit`, so that whoever is stopped cleans up and says so.
    A run of this machine whose process was killed outright is closed here, by the next one.

    Parameters
    ----------
    name
        Of the run.
    kind
        What it is: ``experiment``, ``train`` or ``score`` (tag ``rtml.kind``).

    Raises
    ------
    RtmlError
        MLflow is not installed, or the store cannot be reached.
    """
    mlflow, where = mlflow_here(), tracking_uri()
    with clear_errors(mlflow, where):
        run = _started(mlflow, name, kind)
    try:
        with stoppable() as run.heard, clear_errors(mlflow, where):
            yield run
    except BaseException as error:
        _end_if_it_answers(run, error)
        raise
    with clear_errors(mlflow, where):
        mlflow.end_run()


def _started(mlflow: ModuleType, name: str, kind: str) -> Run:
    """Start a run, below the one that a notebook has open if it has."""
    place, within = _experiment(mlflow), mlflow.active_run() is not None
    tags = {KIND: kind, **_whose(), **provenance()}
    started = mlflow.start_run(experiment_id=place, run_name=name, nested=within, tags=tags)
    close_abandoned(mlflow, place)
    arrange(mlflow, place)
    return Run(mlflow, started.info.run_id, place)


def _experiment(mlflow: ModuleType) -> str:
    """Return the id of the experiment that the environment or a notebook chose, else of ours, made if absent.

    Not by `mlflow.set_experiment`: it writes its choice into the environment, for all that comes later.
    """
    chosen = os.environ.get("MLFLOW_EXPERIMENT_ID")
    if chosen:
        return chosen
    client, name = mlflow.MlflowClient(), os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    found = client.get_experiment_by_name(name)
    return str(client.create_experiment(name) if found is None else found.experiment_id)


def _whose() -> dict[str, str]:
    process = this_process()
    return {} if process is None else {PROCESS: process}


def _end_if_it_answers(run: Run, error: BaseException) -> None:
    """End the run; a store that does not answer any more must not hide what went wrong."""
    status, reason = ending(error, run.heard)
    try:
        with quiet():
            run.tags({REASON: reason})
    except Exception as silent:
        error.add_note(f"MLflow was not told: {type(silent).__name__}")
    try:
        with quiet():
            run.mlflow.end_run(status)
    except Exception as silent:
        error.add_note(f"MLflow was not told: {type(silent).__name__}")
