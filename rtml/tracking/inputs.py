"""What a run read, as data sets of MLflow: captures, labels, windows, each with a digest."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl

from rtml.schema import POLARS, empty

__all__ = ["Input", "capture_input", "data_set_inputs", "file_input"]

_LONGEST_DIGEST = 36  # MLflow's column; the whole of it is in the input's tag `sha256`
_LONGEST_NAME = 500


@dataclass(frozen=True)
class Input:
    """A data set: its name, where it lies, what it was used for (``context``), SHA-256, and table if small.

    A capture has no ``table``: its events stay where they are, and MLflow gets their schema.
    """

    name: str
    source: str
    context: str
    digest: str
    table: pl.DataFrame | None = None


def capture_input(path: str, digest: str, context: str) -> Input:
    """Return a capture as an input.

    Parameters
    ----------
    path
        Its folder or URL, which names it; of a folder called ``capture`` the one around it does.
    digest
        As of `rtml.captures.digest.digest_capture`.
    context
        What it was used for.

    Examples
    --------
    >>> capture_input("datasets/lab-v1/capture", "0" * 64, "scoring").name
    'lab-v1'
    """
    last, *before = [part for part in reversed(path.split("/")) if part] or ["capture"]
    return Input(before[0] if last == "capture" and before else last, path, context, digest)


def file_input(path: Path, context: str, table: pl.DataFrame, name: str | None = None) -> Input:
    """Return a file of a table as an input; the digest is that of the file (``sha256sum`` says it too)."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Input(name or path.name, str(path.resolve()), context, digest, table)


def data_set_inputs(mlflow: ModuleType, inputs: Sequence[Input]) -> list[Any]:
    """Return inputs as `MlflowClient.log_inputs` takes them."""
    entities = mlflow.entities
    return [
        entities.DatasetInput(
            _data_set(mlflow, one)._to_mlflow_entity(),
            [entities.InputTag("mlflow.data.context", one.context), entities.InputTag("sha256", one.digest)],
        )
        for one in inputs
    ]


def _data_set(mlflow: ModuleType, one: Input) -> Any:
    name, digest = one.name[:_LONGEST_NAME], one.digest[:_LONGEST_DIGEST]
    if one.table is not None:
        return mlflow.data.from_polars(_plain(one.table), source=one.source, name=name, digest=digest)
    source = mlflow.data.dataset_source_registry.resolve_dataset_source(one.source)
    schema = mlflow.data.polars_dataset.infer_schema(_plain(empty(POLARS)))
    return mlflow.data.meta_dataset.MetaDataset(source, name=name, digest=digest, schema=schema)


def _plain(table: pl.DataFrame) -> pl.DataFrame:
    """Return a table whose types MLflow has: no categories."""
    return table.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
