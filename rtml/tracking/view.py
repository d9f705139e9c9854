"""What MLflow's page shows of our experiment: the runs' table with columns for our metrics.

The page shows no metric in its table until somebody chooses some, and keeps that choice in the browser. A
*shared view* is the same choice kept in a tag of the experiment, opened by its key in the address
(`address`). Experiment and address say that it is about models, else the page opens with language models.
"""

from __future__ import annotations

import json
from types import ModuleType

from rtml.tracking.tags import REASON

__all__ = ["COLUMNS", "KEY", "address", "arrange"]

KEY = "rtml"
"""Name of the shared view."""

COLUMNS = ("found", "attacks", "false", "rate", "average_precision", "cpu_seconds")
"""Metrics that the table shows: as many as fit beside the names of runs on a screen of 1,500 pixels."""

_KIND = "mlflow.experimentKind"
_LOCAL = "http://127.0.0.1:5000"
_VIEW = f"mlflow.sharedViewState.{KEY}"


def arrange(mlflow: ModuleType, experiment_id: str) -> None:
    """Give the experiment its kind, where it has none, and its shared view."""
    client = mlflow.MlflowClient()
    tags = client.get_experiment(experiment_id).tags
    for name, value in ((_KIND, "custom_model_development"), (_VIEW, _state())):
        if tags.get(name) != value and (name == _VIEW or name not in tags):
            client.set_experiment_tag(experiment_id, name, value)


def address(experiment_id: str, uri: str) -> str:
    """Return the address that opens the view, of the server ``uri`` or of `make mlflow-ui`.

    Examples
    --------
    >>> address("1", "https://mlflow.lab:8443/"), address("1", "sqlite:///mlflow.db")
    ('https://mlflow.lab:8443/#/experiments/1/runs?workflowType=machine_learning&viewStateShareKey=rtml',
     'http://127.0.0.1:5000/#/experiments/1/runs?workflowType=machine_learning&viewStateShareKey=rtml')
    """
    server = uri.rstrip("/") if uri.startswith(("http://", "https://")) else _LOCAL
    return (
        f"{server}/#/experiments/{experiment_id}/runs?workflowType=machine_learning&viewStateShareKey={KEY}"
    )


def _state() -> str:
    columns = [f"metrics.`{name}`" for name in COLUMNS]
    kept = ["attributes.`Models`", f"tags.`{REASON}`"]
    return json.dumps({"selectedColumns": [*columns, *kept]})
