"""Training ranges of every peer group, and those of all for groups with too few rows of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pydantic

from rtml.arrays import Array
from rtml.detectors import scaling
from rtml.detectors.scaling import Scale, ScaleState
from rtml.reading.state import State

__all__ = ["Ranges", "RangesState"]


class RangesState(State):
    """`Ranges` as JSON."""

    fleet: ScaleState
    groups: dict[str, ScaleState]

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> RangesState:
        if any(len(scale.centre) != len(self.fleet.centre) for scale in self.groups.values()):
            raise ValueError("a group's scale has another number of columns")
        return self

    def ranges(self) -> Ranges:
        """Return the `Ranges` that this is the JSON form of."""
        groups = {name: scale.scale() for name, scale in self.groups.items()}
        return Ranges(self.fleet.scale(), groups)


@dataclass(frozen=True)
class Ranges:
    """Scales by peer group; a group that is not there has the scale of the fleet."""

    fleet: Scale
    groups: dict[str, Scale]

    @classmethod
    def of(
        cls, raw: Array, names: Sequence[str], least: int, linear: npt.NDArray[np.bool_] | None = None
    ) -> Ranges:
        """Learn from training rows (NaN = missing) and the peer group of each.

        Parameters
        ----------
        raw
            Shape (rows, columns).
        names
            One per row.
        least
            Rows that a group needs to have a range of its own.
        linear
            Columns that are placed as they are (`scaling.fit`).
        """
        groups = np.array(names, dtype=np.str_)
        distinct, counts = np.unique(groups, return_counts=True)
        enough = distinct[counts >= least].tolist()
        own = {name: scaling.fit(raw[groups == name], linear) for name in enough}
        return cls(scaling.fit(raw, linear), own)

    def unit(self, raw: Array, names: Sequence[str]) -> Array:
        """Place each row in its group's range: numbers in [0, 1], 0 where a value is missing.

        Examples
        --------
        >>> ranges = Ranges.of(np.array([[0.0], [10.0]]), ["web", "web"], least=2)
        >>> ranges.unit(np.array([[10.0], [np.nan]]), ["web", "new"]).round(3).ravel()
        array([0.775, 0.   ])
        """
        return self._by_group(scaling.unit, raw, names)

    def gap(self, raw: Array, names: Sequence[str]) -> Array:
        """Return the chance that one split sets each value apart from its group (`scaling.gap`)."""
        return self._by_group(scaling.gap, raw, names)

    def _by_group(self, of: Callable[[Scale, Array], Array], raw: Array, names: Sequence[str]) -> Array:
        values, groups = np.empty(raw.shape), np.array(names, dtype=np.str_)
        for name in np.unique(groups).tolist():
            values[groups == name] = of(self.scale(name), raw[groups == name])
        return values

    def usual(self, names: Sequence[str]) -> Array:
        """Return each row's usual values in the features' own units, NaN where always missing."""
        rows = [self.scale(name).usual for name in names]
        return np.array(rows).reshape(len(rows), len(self.fleet.usual))

    def scale(self, name: str) -> Scale:
        """Return the scale of one peer group."""
        return self.groups.get(name, self.fleet)

    def state(self) -> RangesState:
        """Return the JSON form, groups by name."""
        groups = {name: ScaleState.of(scale) for name, scale in sorted(self.groups.items())}
        return RangesState(fleet=ScaleState.of(self.fleet), groups=groups)
