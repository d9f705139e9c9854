"""One River model per group of rows: what it must do, and how a group waits, starts and is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import pydantic

from rtml.arrays import Array
from rtml.detectors import scaling
from rtml.detectors.columns import Chosen
from rtml.detectors.scaling import Scale, ScaleState
from rtml.reading.state import State, bare

__all__ = ["Group", "GroupState", "M", "OnlineState", "Stream", "frozen"]


class Stream(Protocol):
    """One River model of one peer group."""

    def learn_many(self, rows: Array) -> None:
        """Learn placed rows, one after the other; shape (rows, columns)."""

    def score_many(self, rows: Array) -> Array:
        """Return the strangeness of each row; NaN when the model has no opinion."""
        ...

    def state(self) -> dict[str, list[Any]]:
        """Return everything that was learnt, as lists of numbers."""
        ...


M = TypeVar("M", bound=Stream)


class GroupState(State):
    """One peer group: rows that wait for the start, or scale, window size and model."""

    pending: list[list[float | None]]
    size: int = pydantic.Field(ge=0, le=1_000_000)
    scale: ScaleState | None
    model: dict[str, list[Any]] | None


class OnlineState(State):
    """An online detector: parameters, features and every peer group."""

    parameters: dict[str, int]
    features: str
    chosen: Chosen | None
    groups: dict[str, GroupState]


class Group(Generic[M]):
    """A peer group at work; ``place`` turns raw rows into what its model takes."""

    def __init__(self, place: Callable[[Scale, Array], Array] = scaling.unit) -> None:
        self.place = place
        self.pending: list[Array] = []
        self.size = 0
        self.scale: Scale | None = None
        self.model: M | None = None

    def scores(self, rows: Array) -> Array:
        """Score raw rows, each by itself; NaN before the group has started."""
        if self.model is None or self.scale is None:
            return np.full(len(rows), np.nan)
        return self.model.score_many(self.place(self.scale, rows))


def frozen(group: Group[Any]) -> GroupState:
    """Return a group as JSON."""
    return GroupState(
        pending=[bare(row) for row in group.pending],
        size=group.size,
        scale=ScaleState.of(group.scale) if group.scale is not None else None,
        model=group.model.state() if group.model is not None else None,
    )
