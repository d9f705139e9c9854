"""What the River detectors share: one model per peer group, fed in time order, with a fixed shape.

A peer group (workload) starts when it has ``least`` training rows: these set its scale and the
size of its reference window, and are then learnt. Until then the group has no opinion (NaN). From
then on every row is a list of the same length, with numbers in [0, 1] unless a detector places them
otherwise: River's half-space trees need both. The features are fixed by the first rows that are
learnt; what appears later is counted.

`learn` takes every row as it comes; `prequential` may be told which rows to hold back, else a detector that
goes on during an attack learns the attack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import compress
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from rtml.arrays import Array
from rtml.detectors import scaling
from rtml.detectors.columns import Chosen
from rtml.detectors.contract import UNKNOWN, in_time_order, matrix, no_opinion, peer_groups
from rtml.detectors.explanation import Attribution, by_replacement, unattributed
from rtml.detectors.scaling import Scale
from rtml.detectors.streams import Group, GroupState, M, OnlineState, frozen
from rtml.errors import RtmlError, UsageError
from rtml.progress import steps
from rtml.reading.state import filled, read_state, write_state

__all__ = ["OnlineDetector", "Strange"]


REACH = 30.0
"""Bits that every online group has room for, whatever its first rows held: one in a thousand million."""


Strange: TypeAlias = Callable[[list[int], Array], npt.NDArray[np.bool_]]
"""From row numbers and their scores to which of them are held back from learning."""


class OnlineDetector(Generic[M]):
    """Learn, score and save peer groups; a subclass says which River model a group has.

    Parameters
    ----------
    seed
        Seed of the River model.
    least
        Rows that a group needs before it starts (and so before it has an opinion).
    features
        ``novelty`` or ``all`` (`rtml.detectors.columns.CHOICES`).
    more
        What the model takes besides. ``window``: the largest reference window, in rows, where the model
        has one; a group that starts with fewer uses what it has.
    """

    name: ClassVar[str]
    online: ClassVar[bool] = True
    trivial: ClassVar[bool] = False
    in_bits: ClassVar[bool] = False

    def __init__(self, *, seed: int = 0, least: int = 5, features: str = "novelty", **more: int) -> None:
        self.parameters = {"seed": seed, "least": least, **more}
        self.features = features
        self._largest = more.get("window", least)
        if not 2 <= least <= self._largest:
            raise UsageError(f"{self.name}: needs 2 <= least <= window, got {least} and {self._largest}")
        self._chosen: Chosen | None = None
        self._groups: dict[str, Group[M]] = {}

    def _stream(self, columns: int, size: int) -> M:
        """Return a new River model for rows of ``columns`` numbers and windows of ``size`` rows."""
        raise NotImplementedError

    def _restore(self, columns: int, size: int, state: dict[str, list[Any]]) -> M:
        """Return the River model that `Stream.state` described; `ValueError` when it cannot be."""
        raise NotImplementedError

    @staticmethod
    def _place(scale: Scale, rows: Array) -> Array:
        """Return raw rows as the River model takes them."""
        return scaling.unit(scale, rows)

    def learn(self, windows: pl.DataFrame) -> None:
        """Add rows to their peer groups, in time order, whatever the order of the frame."""
        if windows.is_empty():
            return
        self._choose(windows)
        ordered = in_time_order(windows)
        self._add(self._names(ordered), self._matrix(ordered))

    def _choose(self, windows: pl.DataFrame) -> None:
        if self._chosen is None:
            self._chosen = Chosen.of(windows, self.features, self.name)

    def _names(self, windows: pl.DataFrame) -> list[str]:
        """Return the group of each row: one for all where bits compare with its peers already."""
        return peer_groups(windows) if self._chosen is None else self._chosen.groups(windows)

    def _add(self, names: list[str], rows: Array) -> None:
        """Hand rows in time order to their peer groups."""
        for name, places in _places(names).items():
            self._feed(self._groups.setdefault(name, Group(self._place)), rows[places])

    def _feed(self, group: Group[M], rows: Array) -> None:
        if group.model is None:
            group.pending += list(rows)
            if len(group.pending) < self.parameters["least"]:
                return
            assert self._chosen is not None
            group.scale = scaling.fit(np.array(group.pending), self._chosen.linear, self._reach)
            group.size = min(len(group.pending), self._largest)
            group.model = self._stream(len(group.pending[0]), group.size)
            rows, group.pending = np.array(group.pending), []
        assert group.scale is not None
        group.model.learn_many(group.place(group.scale, rows))

    @property
    def _reach(self) -> float:
        """Bits that are within the range of every novelty column, whatever training held."""
        return REACH if self._chosen is not None and self._chosen.novelty else 0.0

    def score(self, windows: pl.DataFrame) -> Array:
        """Score each row with the model of its group, as it is now."""
        if self._chosen is None:
            return no_opinion(windows)
        return self._scored(self._names(windows), self._matrix(windows))

    def _scored(self, names: list[str], rows: Array) -> Array:
        scores = np.full(len(rows), np.nan)
        for name, places in _places(names).items():
            scores[places] = self._group(name).scores(rows[places])
        return scores

    def _group(self, name: str) -> Group[M]:
        """Return a peer group, or one that has no opinion."""
        return self._groups.get(name) or Group()

    def prequential(self, windows: pl.DataFrame, strange: Strange | None = None) -> Array:
        """Per peer group and window: score all its rows, then learn them.

        Parameters
        ----------
        windows
            Rows to judge.
        strange
            From row numbers and their scores to which of them are held back: they are judged and not learnt,
            so that an attack does not become normal while it lasts. None learns all.
        """
        scores = no_opinion(windows)
        if windows.is_empty():
            return scores
        self._choose(windows)
        names, raw = self._names(windows), self._matrix(windows)
        for rows in steps(list(_moments(windows)), self.name.replace("_", " "), "windows"):
            together = [names[row] for row in rows]
            scores[rows] = self._scored(together, raw[rows])
            learnt = np.ones(len(rows), np.bool_) if strange is None else ~strange(rows, scores[rows])
            self._add(list(compress(together, learnt)), raw[rows][learnt])
        return scores

    def explain(self, windows: pl.DataFrame) -> pl.DataFrame:
        """Return which features raise the score of each row, by `attribute`."""
        return self.attribute(windows).shares()

    def attribute(self, windows: pl.DataFrame) -> Attribution:
        """Return each column's part of the score; NaN where a group has no opinion."""
        if self._chosen is None:
            return unattributed(windows.height)
        raw = self._matrix(windows)
        parts, usual = np.full_like(raw, np.nan), np.full_like(raw, np.nan)
        for name, places in _places(self._names(windows)).items():
            group = self._group(name)
            if group.model is not None:
                usual[places], parts[places] = self._parts(group, raw[places])
        return Attribution([*self._columns, UNKNOWN], parts, raw, usual)

    def _parts(self, group: Group[M], raw: Array) -> tuple[Array, Array]:
        """Return what is usual, and what the score loses when one feature at a time is set to it."""
        assert group.scale is not None
        usual = np.tile(group.scale.usual, (len(raw), 1))
        return usual, by_replacement(group.scores, raw, usual)

    def save(self, folder: Path) -> None:
        """Write parameters, features and all groups as one JSON file."""
        write_state(folder, self._state())

    def _state(self) -> OnlineState:
        groups = {name: frozen(group) for name, group in sorted(self._groups.items())}
        return OnlineState(
            parameters=self.parameters, features=self.features, chosen=self._chosen, groups=groups
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        return cls._of(read_state(folder, OnlineState), folder)

    @classmethod
    def _of(cls, state: OnlineState, folder: Path, **more: Any) -> Self:
        """Make the detector that a state describes; ``more`` are parameters that it does not hold."""
        try:
            detector = cls(features=state.features, **state.parameters, **more)
            detector._chosen = state.chosen
            detector._groups = {n: detector._thawed(g) for n, g in state.groups.items()}
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            raise RtmlError(f"{folder}: bad detector state ({error})") from None
        return detector

    def _thawed(self, state: GroupState) -> Group[M]:
        columns = len(self._columns) + 1
        group: Group[M] = Group(self._place)
        group.pending = [filled(row) for row in state.pending]
        group.size = state.size
        if any(len(row) != columns for row in group.pending):
            raise ValueError("a waiting row has the wrong length")
        if state.scale is None or state.model is None:
            return group
        group.scale = state.scale.scale()
        if len(group.scale.centre) != columns or not 0 < group.size <= self._largest:
            raise ValueError("scale or window size does not fit the features")
        group.model = self._restore(columns, group.size, state.model)
        return group

    def _matrix(self, windows: pl.DataFrame) -> Array:
        return matrix(windows, []) if self._chosen is None else self._chosen.matrix(windows)

    @property
    def _columns(self) -> list[str]:
        return [] if self._chosen is None else self._chosen.names


def _places(names: list[str]) -> dict[str, list[int]]:
    """Return the row numbers of each group, in the order of the rows."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(name, []).append(place)
    return places


def _moments(windows: pl.DataFrame) -> Iterator[list[int]]:
    """Yield the row numbers of each window, in time order, in the order of containers and trees."""
    keys = [name for name in ("window", "container_id", "process_id") if name in windows.columns]
    ordered = in_time_order(windows.select(*keys).with_row_index("row")) if keys else None
    if ordered is None or "window" not in keys:
        yield from ([row] for row in range(windows.height))
        return
    for _, part in ordered.group_by("window", maintain_order=True):
        yield part["row"].to_list()
