"""A model in MLflow: logged with signature and example, and a version of it in the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from rtml.models import Model
from rtml.models.files import digest_of
from rtml.tracking.loader import ANSWERS, CONTEXT, labels_of, rows_of
from rtml.tracking.runs import Run
from rtml.tracking.store import clear_errors, tracking_uri
from rtml.version import VERSION

__all__ = ["CHALLENGER", "LoggedModel", "log_model", "register"]

CHALLENGER = "challenger"
"""Alias of the newest version of a registered model: `rtml.tracking.promotion` tests it."""

_NAME = "model"
_EXAMPLES = 3


@dataclass(frozen=True)
class LoggedModel:
    """A model that was logged: its identity in MLflow, and the URI that goes on working in every version."""

    model_id: str
    uri: str


def log_model(run: Run, model: Model, folder: Path) -> LoggedModel:
    """Log a model that was saved in ``folder``; `mlflow.register_model` and `load_model` take its URI.

    Parameters
    ----------
    run
        Of which the model is a result.
    model
        Has its trees still, for the example: what it was trained on, a few rows of it.
    folder
        Where it was saved.
    """
    info = run.mlflow.pyfunc.log_model(
        name=_NAME,
        loader_module="rtml.tracking.loader",
        data_path=str(folder),
        signature=_signature(run.mlflow, model),
        input_example=_example(model),
        pip_requirements=[f"rtml[mlflow]=={VERSION}"],
        metadata={"rtml.digest": digest_of(folder)},
        params={"seed": str(model.description.notes.get("seed")), "detectors": ", ".join(model.detectors)},
    )
    return LoggedModel(info.model_id, run.model_uri)


def register(run: Run, logged: LoggedModel, name: str, tags: Mapping[str, str]) -> str:
    """Make a version of a logged model under ``name`` (`rtml.tracking.names.registry_name`): the challenger.

    Returns
    -------
    Its URI, ``models:/NAME/VERSION``.

    Raises
    ------
    RtmlError
        The store has no registry, or lets nobody register.
    """
    with clear_errors(run.mlflow, tracking_uri()):
        client = run.mlflow.MlflowClient()
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        source = f"models:/{logged.model_id}"
        made = client.create_model_version(name, source, run.run_id, dict(tags), model_id=logged.model_id)
        client.set_registered_model_alias(name, CHALLENGER, made.version)
    return f"models:/{name}/{made.version}"


def _example(model: Model) -> Any:
    """Return some rows that the model was made of, the strangest known, as pandas."""
    assert model.trees is not None
    trees = model.trees.sort("window", "container_id").head(_EXAMPLES)
    named = trees.with_columns(pl.col("window").dt.replace_time_zone(None))
    rows = rows_of(named, model.description.features)
    return rows.drop("process_id").with_columns(pl.col("window").dt.replace_time_zone(None)).to_pandas()


def _signature(mlflow: Any, model: Model) -> Any:
    types, about = mlflow.types, model.description
    kinds: dict[type[pl.DataType], str] = {
        pl.String: "string",
        pl.Datetime: "datetime",
        pl.Boolean: "boolean",
        pl.Float64: "double",
    }
    required = {"container_id", "window"}
    context = [
        types.ColSpec(kinds[type(kind)], name, required=name in required) for name, kind in CONTEXT.items()
    ]
    features = [types.ColSpec("double", name, required=False) for name in about.features]
    answers = [
        types.ColSpec(kinds[type(kind)], f"{label}.{name}", required=name == "alarm")
        for label in labels_of(model)
        for name, kind in ANSWERS.items()
    ]
    budget = types.ParamSpec("budget", "double", about.budget)
    return mlflow.models.ModelSignature(
        inputs=types.Schema([*context, *features]),
        outputs=types.Schema(answers),
        params=types.ParamSchema([budget]),
    )
