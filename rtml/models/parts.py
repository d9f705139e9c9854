"""What a model is made of: its description, detectors, calibrations and baseline."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import polars as pl
import pydantic

from rtml.baselines import Baseline
from rtml.detectors import Detector
from rtml.models.calibration import Calibration
from rtml.models.ongoing import Ongoing
from rtml.models.windows import container_windows
from rtml.reading.state import State
from rtml.times import Window

__all__ = ["Description", "Parts"]


class Description(State):
    """What a model was trained on, and how."""

    features: list[str]
    """Feature columns, in order."""
    families: list[str]
    """Feature families that make them."""
    every: str
    """Window length, as a Polars duration."""
    combined: list[str] = []
    """Labels of the detectors that are combined; empty: there is no combination."""
    held_out: dict[str, float] = {}
    """Per label, the findings per container-day that calibration trees made which its threshold had not
    seen."""
    parameters: dict[str, dict[str, int | float | str | bool | None]] = {}
    """Per detector label, what it was made with."""
    learned_until: dict[str, str] = {}
    """Per container, the time (ISO 8601) until which its events were learnt."""
    data: dict[str, str] = {}
    """Digest of each capture that was learnt or calibrated on."""
    moments: list[int] = []
    """Times in nanoseconds of a sample of the events that were learnt, by which they are known again."""
    paces: list[int] = []
    """A sample of the paces at which programs started, by which events are known again at other times."""
    notes: dict[str, int | float | str | bool | None] = {}
    """Anything else worth keeping: alarm budget, configuration digest."""

    @pydantic.field_validator("learned_until")
    @classmethod
    def _times(cls, value: dict[str, str]) -> dict[str, str]:
        for time in value.values():
            dt.datetime.fromisoformat(time)
        return value

    @property
    def window(self) -> Window:
        """Length of the windows that the model judges."""
        return Window.of(self.every)

    @property
    def fitted_until(self) -> dt.datetime | None:
        """End of what was learnt and calibrated on; null when nothing was."""
        return max(map(dt.datetime.fromisoformat, self.learned_until.values()), default=None)

    @property
    def budget(self) -> float:
        """False findings per container-day that the model was made for."""
        return float(self.notes.get("budget") or 1.0)


@dataclass(repr=False)
class Parts:
    """Everything that a model needs to judge a capture; nothing of it is kept elsewhere.

    ``trees`` (features with ``part``: train or calibrate) are what it was made of, ``outliers`` those of them
    that stood far outside and were not learnt. They are there after training, for proofs, pictures and
    people, and not saved: null in a model that was loaded. ``ongoing``: the stream that it is in, if any.
    """

    description: Description
    detectors: dict[str, Detector]
    calibrations: dict[str, Calibration]
    baseline: Baseline
    trees: pl.DataFrame | None = field(default=None, compare=False)
    outliers: pl.DataFrame | None = field(default=None, compare=False)
    ongoing: Ongoing | None = field(default=None, compare=False)

    @property
    def windows(self) -> pl.DataFrame | None:
        """The trees by container and window, each feature as in the tree where it is highest."""
        return None if self.trees is None else container_windows(self.trees)
