"""What `mlflow.pyfunc.load_model` calls: a model's folder becomes something with ``predict``.

A row is a process tree in a window, as `rtml.models.Scored.trees` has it: where (container, workload, image),
when (``window``), and the features. The answer has a row for each, in their order. ``get_raw_model()`` of
what MLflow loads gives the `rtml.models.Model` itself, which scores whole captures: most jobs want that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from rtml.errors import MissingError
from rtml.models import Model, load_model
from rtml.models.judging import raw_scores, tree_scores
from rtml.schema import COMBINED

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ANSWERS", "CONTEXT", "Judge", "labels_of", "rows_of"]

CONTEXT = {
    "container_id": pl.String(),
    "workload": pl.String(),
    "image": pl.String(),
    "image_digest": pl.String(),
    "window": pl.Datetime("ns"),
    "complete": pl.Boolean(),
}
"""Columns of a row beside its features; all but ``container_id`` and ``window`` may be missing."""

ANSWERS = {"score": pl.Float64(), "margin": pl.Float64(), "alarm": pl.Boolean()}
"""Columns of the answer, each behind a detector's label and a dot."""


class Judge:
    """A model as MLflow calls it."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def get_raw_model(self) -> Model:
        """Return the model, which scores captures."""
        return self._model

    def predict(self, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Judge rows.

        Parameters
        ----------
        model_input
            `CONTEXT` and the model's features; an absent feature is null, which is "not known".
        params
            ``budget``: false findings per container-day; the model's own unless given.

        Returns
        -------
        Per row ``LABEL.score``, ``LABEL.margin``, ``LABEL.alarm`` for each detector and their
        combination.

        Raises
        ------
        MissingError
            No feature of the model, or no container or window, is among the columns.
        """
        about = self._model.description
        rows = rows_of(pl.from_pandas(model_input), about.features)
        budget = float((params or {}).get("budget") or about.budget)
        forked = self._model.forked()
        raw = raw_scores(forked.detectors, rows, forked.calibrations, budget)
        scores = tree_scores(rows, raw, forked.calibrations, about.combined, budget)
        answers = [
            scores.filter(pl.col("detector") == label).select(pl.col(*ANSWERS).name.prefix(f"{label}."))
            for label in labels_of(self._model)
        ]
        return pl.concat(answers, how="horizontal").to_pandas()


def rows_of(frame: pl.DataFrame, features: list[str]) -> pl.DataFrame:
    """Return rows as a model judges them: typed, and null where a column is missing.

    Raises
    ------
    MissingError
        What a row must have is missing.

    Examples
    --------
    >>> at = pl.Series([0]).cast(pl.Datetime("ns"))
    >>> rows_of(pl.DataFrame({"container_id": ["c"], "window": at, "a.x": [1.0]}), ["a.x", "a.y"]).row(0)[-3:]
    (None, 1.0, None)
    >>> rows_of(pl.DataFrame({"container_id": ["c"]}), ["a.x"])
    Traceback (most recent call last):
    ...
    rtml.errors.MissingError: rows to judge need a column 'window'; these have ['container_id']
    """
    for name in ("container_id", "window"):
        if name not in frame.columns:
            raise MissingError(f"rows to judge need a column {name!r}; these have {frame.columns}")
    if not set(features) & set(frame.columns):
        raise MissingError(f"rows to judge need features such as {features[0]!r}; these have {frame.columns}")
    wanted: dict[str, pl.DataType] = {**CONTEXT, **dict.fromkeys(features, pl.Float64())}
    columns = [
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in wanted.items()
    ]
    rows = frame.select(columns).with_columns(pl.col(features).fill_nan(None))
    return rows.with_columns(
        pl.col("window").dt.replace_time_zone("UTC"),
        pl.col("complete").fill_null(True),
        process_id=pl.lit(None, pl.Int64()),
    ).select(*CONTEXT, "process_id", *features)


def labels_of(model: Model) -> list[str]:
    """Return the labels of a model's answers: its combination first, where it has one."""
    return [*([COMBINED] if model.description.combined else []), *model.detectors]


def _load_pyfunc(data_path: str) -> Judge:
    """Load a model; the name and the argument are MLflow's."""
    return Judge(load_model(data_path))
