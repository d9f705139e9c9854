"""An adapted batch estimator on disk: what it is made of, and what it learnt from; never itself.

::

    state.json    kind's parameters, seed, features, ranges, number of rows
    rows.f64      training rows in the unit cube, little-endian doubles, row by row
    scores.f64    what the fitted estimator said of (some of) them

A fitted estimator is an object of another library, which only pickle could keep. Fitting again to
the same rows with the same seed gives the same estimator where it is deterministic; saving tries that and
refuses otherwise, loading compares the scores of the training rows. Price: a file of 8 bytes per training
value, and training time again at every load.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pydantic

from rtml.arrays import Array
from rtml.detectors.adapters.making import Parameters
from rtml.detectors.ranges import RangesState
from rtml.errors import NotSaved, RtmlError
from rtml.reading.state import State, parse_state, read_files, state_bytes, write_files

__all__ = ["MOST_VALUES", "Kept", "RefitState", "read_kept", "sample", "write_kept"]

MOST_VALUES = 5_000_000
"""Training values (rows x columns) that a model may hold: 40 MB."""

_SAMPLE = 512
_FILES = ("rows.f64", "scores.f64", "state.json")


class RefitState(State):
    """Everything but the training rows."""

    seed: int
    least: int = pydantic.Field(ge=1)
    parameters: Parameters
    version: str
    features: list[str]
    ranges: RangesState | None
    rows: int = pydantic.Field(ge=0, le=MOST_VALUES)

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> RefitState:
        if self.ranges is not None and len(self.ranges.fleet.centre) != len(self.features) + 1:
            raise ValueError("the ranges do not fit the features")
        if (self.ranges is None) != (self.rows == 0):
            raise ValueError("ranges and training rows come together")
        return self


class Kept(NamedTuple):
    """What a folder holds."""

    state: RefitState
    rows: Array
    scores: Array


def sample(rows: Array) -> Array:
    """Return the rows that saving and loading compare: all, or some hundreds spread evenly.

    Examples
    --------
    >>> sample(np.zeros((9, 2))).shape, sample(np.zeros((10_000, 2))).shape
    ((9, 2), (500, 2))
    """
    return rows[:: -(-len(rows) // _SAMPLE) or 1]


def write_kept(folder: Path, model: Kept, name: str) -> None:
    """Write the three files; too much to keep is an `RtmlError`."""
    if model.rows.size > MOST_VALUES:
        raise NotSaved(
            f"{name} cannot be saved: it is fitted again on loading, and its {len(model.rows)} training"
            f" windows of {model.rows.shape[1]} columns are more than {MOST_VALUES:,} values; train on less"
        )
    content = (
        model.rows.astype("<f8").tobytes(),
        model.scores.astype("<f8").tobytes(),
        state_bytes(model.state),
    )
    write_files(folder, dict(zip(_FILES, content, strict=True)))


def read_kept(folder: Path) -> Kept:
    """Read what `write_kept` wrote; what is not rows of the unit cube is an `RtmlError`."""
    files = read_files(folder, _FILES)
    state = parse_state(files["state.json"], RefitState, folder)
    width = len(state.features) + 1
    rows, scores = files["rows.f64"], files["scores.f64"]
    if len(rows) != 8 * width * state.rows or len(scores) != 8 * len(sample(np.empty((state.rows, 0)))):
        raise RtmlError(f"{folder}: training rows or scores of the wrong size")
    values = np.frombuffer(rows, "<f8").astype(np.float64).reshape(state.rows, width)
    if not ((values >= 0.0) & (values <= 1.0)).all():
        raise RtmlError(f"{folder}: training rows hold what is not in [0, 1]")
    return Kept(state, values, np.frombuffer(scores, "<f8").astype(np.float64))
