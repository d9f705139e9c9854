"""A trained model: weights and thresholds, arrays and JSON on disk."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from rtml.errors import RtmlError
from rtml.reading.state import State, parse_state, read_files, state_bytes, write_files
from rtml.rules.reputation.categories import CATEGORIES
from rtml.rules.reputation.names import split_names
from rtml.rules.reputation.ngrams import FEATURES, ngrams

__all__ = ["LOW", "Card", "Model", "Threshold"]

LOW = pl.Schema({"value": pl.String, "category": pl.String, "score": pl.Float64, "threshold": pl.Float64})
"""A name of low reputation, in the category whose threshold it exceeds by most."""


class Threshold(State):
    """Where a category begins: log-odds that held-out good names exceed at most so often."""

    value: float
    false_rate: float
    benign: int
    resolvable: bool


class Card(State):
    """What a model was made of and how good it was: everything but the weights."""

    version: int = 1
    thresholds: dict[str, Threshold]
    files: dict[str, str]
    seed: int
    quality: list[dict[str, str | int | float | None]]


@dataclass(frozen=True)
class Model:
    """One row of weights for each category of ``card.thresholds``, in its order."""

    card: Card
    weights: np.ndarray[Any, np.dtype[np.float64]]
    intercepts: np.ndarray[Any, np.dtype[np.float64]]

    def scores(self, names: pl.Series) -> pl.DataFrame:
        """Return ``value`` (distinct names that have a reputation) and log-odds per category.

        Vectorised over distinct names; null and repeated ones are allowed.
        """
        split = split_names(names.cast(pl.String).drop_nulls().unique().sort())
        split = split.drop_nulls("registered")
        logits = np.zeros((0, len(self.intercepts)))
        if split.height:
            logits = np.asarray(ngrams(split) @ self.weights.T) + self.intercepts
        columns = {name: logits[:, i] for i, name in enumerate(self.card.thresholds)}
        return pl.DataFrame({"value": split["name"], **columns})

    def low(self, names: pl.Series) -> pl.DataFrame:
        """Return the distinct names of low reputation (`LOW`), one row each."""
        limits = pl.DataFrame(
            {
                "category": list(self.card.thresholds),
                "threshold": [limit.value for limit in self.card.thresholds.values()],
            }
        )
        long = self.scores(names).unpivot(index="value", variable_name="category", value_name="score")
        return (
            long.join(limits, on="category", maintain_order="left")
            .filter(pl.col("score") > pl.col("threshold"))
            .sort(pl.col("score") - pl.col("threshold"), descending=True, maintain_order=True)
            .unique("value", keep="first", maintain_order=True)
            .sort("value")
            .select(*LOW)
        )

    def save(self, folder: Path) -> None:
        """Write ``state.json``, ``weights.npy`` and their digests into ``folder``."""
        buffer = io.BytesIO()
        np.save(buffer, np.column_stack([self.weights, self.intercepts]), allow_pickle=False)
        files = {"state.json": state_bytes(self.card), "weights.npy": buffer.getvalue()}
        write_files(folder, files)

    @classmethod
    def load(cls, folder: Path) -> Model:
        """Read what `save` wrote.

        Raises
        ------
        RtmlError
            A file is missing, changed, or not what it should be.
        """
        files = read_files(folder, ["state.json", "weights.npy"])
        card = parse_state(files["state.json"], Card, folder)
        unknown = [name for name in card.thresholds if name not in CATEGORIES]
        try:
            array = np.load(io.BytesIO(files["weights.npy"]), allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise RtmlError(f"{folder}: weights.npy is no array ({error})") from error
        fits = array.dtype == np.float64 and array.shape == (len(card.thresholds), FEATURES + 1)
        if unknown or card.version != 1 or not fits or not np.isfinite(array).all():
            raise RtmlError(f"{folder}: not a reputation model that this version reads")
        return cls(card, array[:, :-1], array[:, -1])
