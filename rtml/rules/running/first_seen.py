"""The one-line competitor: the first time that this program runs in this image.

Elastic writes 49 of its Linux rules so (``new_terms``). A feature of rare programs that does not
beat a plain join against what ran before has earned nothing.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import polars as pl

from rtml.arrays import Array
from rtml.captures.store import Capture
from rtml.findings.levels import LEVELS, WEIGHTS
from rtml.findings.unit import CONTRIBUTIONS, aggregate, slot_of
from rtml.lineage import with_root
from rtml.peers import image_group
from rtml.rules.language.inputs import KEYS, rule_inputs
from rtml.rules.running.event_detector import per_window
from rtml.schema import IDENTITY, empty
from rtml.times import MINUTE, Length, Window

__all__ = ["FirstSeen"]

TYPE = "Execution:Runtime/FirstSeen"
_PAIR = ["image", "exe"]
_SEVERITY, _SCORE = LEVELS["medium"], WEIGHTS["medium"]


class FirstSeen:
    """First execution of a pair of image and program, ever: an alarm; the second is none.

    Score of a window: how many pairs ran in it for the first time. Where the image is not known its
    peer group stands for it (`rtml.peers`); where the program's path is not known its name. An
    image that was never learnt is new with all its programs. NaN before learning. Failed executions
    are not looked at: what did not start did not run.

    Fails on everything that known programs do, and alarms at every release of an image whose
    programs change: this is the baseline to beat, not a detector to run.

    Parameters
    ----------
    every
        Length of a window.

    References
    ----------
    Elastic Security, new terms rules, https://www.elastic.co/docs/solutions/security/detect-and-alert

    Examples
    --------
    >>> import datetime as dt
    >>> at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    >>> rows = pl.DataFrame({"image": "web:1", "exe": ["nginx", "nc"], "container_id": "c",
    ...                      "time": at, "host": "h", "seq": [1, 2]})
    >>> rows = rows.cast({"time": pl.Datetime("ns", "UTC")})
    >>> windows = rows[:1].select("container_id", window="time")
    >>> detector = FirstSeen()
    >>> detector.score(rows, windows)
    array([nan])
    >>> detector.learn(rows[:1], windows)
    >>> detector.score(rows, windows)
    array([1.])
    """

    name: ClassVar[str] = "first_seen"

    def __init__(self, every: Length = MINUTE) -> None:
        self._every = Window.of(every)
        self._pairs = pl.DataFrame(schema=dict.fromkeys(_PAIR, pl.String))

    def observe(self, capture: Capture) -> pl.DataFrame:
        """Return every program start in a workload container, with its image and lineage root."""
        starts = rule_inputs(capture, ["exec"], "succeeded", ["program"])
        return (
            with_root(starts, capture.processes())
            .select(
                *(pl.col(name).cast(pl.String) for name in IDENTITY if name != "image"),
                *(name for name in KEYS if name not in IDENTITY),
                "root_id",
                image=image_group(IDENTITY),
                exe="in:program",
            )
            .drop_nulls(_PAIR)
            .collect()
        )

    def learn(self, observed: pl.DataFrame, windows: pl.DataFrame) -> None:
        """Add the pairs that ran; the windows are not needed."""
        pairs = pl.concat([self._pairs, observed.select(_PAIR)])
        self._pairs = pairs.unique().sort(_PAIR)

    def score(self, observed: pl.DataFrame, windows: pl.DataFrame) -> Array:
        """Count the pairs that run for the first time in each window."""
        if self._pairs.is_empty():
            return np.full(windows.height, np.nan)
        window = self._every.start().cast(windows.schema["window"])
        counts = (
            self._first(observed).group_by("container_id", window=window).agg(score=pl.len().cast(pl.Float64))
        )
        return per_window(counts, windows, 0.0)

    def findings(self, observed: pl.DataFrame) -> pl.DataFrame:
        """Return one finding per container, 5 minutes and lineage root with a first execution."""
        first = self._first(observed) if self._pairs.height else observed.clear()
        rows = first.with_columns(
            slot_of(),
            process_id="root_id",
            type=pl.lit(TYPE),
            weight=pl.lit(_SCORE),
            title=pl.format("{} runs for the first time in {}", "exe", "image"),
            techniques=pl.lit([], pl.List(pl.String)),
            count=pl.col("count").fill_null(1),
            severity=pl.lit(_SEVERITY),
            score=pl.lit(_SCORE),
        )
        return aggregate(rows, empty(CONTRIBUTIONS), source="rule", detector=self.name)

    @property
    def state(self) -> pl.DataFrame:
        """Every pair that ran in what was learnt."""
        return self._pairs

    def _first(self, observed: pl.DataFrame) -> pl.DataFrame:
        """Return the earliest row of each pair that was not learnt."""
        new = observed.join(self._pairs, on=_PAIR, how="anti")
        return new.sort("time", "host", "seq").unique(_PAIR, keep="first", maintain_order=True)
