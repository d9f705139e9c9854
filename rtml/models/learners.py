"""Detectors that go on learning, and what they hold back.

What alarms is *held back* from learning: an attack must not become usual while it lasts. It is learnt when
somebody dismisses it, or at the begin of the first hour after a stated time: what nobody minded so long is
usual.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace

import polars as pl

from rtml.detectors import Detector, forked
from rtml.detectors.online import OnlineDetector
from rtml.times import UTC_NS, span

__all__ = ["HELD", "RELEASE", "Learners"]

RELEASE = dt.timedelta(days=7)
"""Time of events after which what alarmed is learnt, unless something else is said."""

HELD = pl.Schema(
    {"detector": pl.String(), "container_id": pl.String(), "window": UTC_NS, "process_id": pl.Int64()}
)
"""What every row that is held back has; features and identity stand beside."""

_TREE = ["container_id", "window", "process_id"]


@dataclass
class Learners:
    """Detectors as they go on learning.

    Parameters
    ----------
    detectors
        All of a model, by label.
    known
        The online ones as they were when ``hour`` began.
    held
        Rows of trees that are held back from a detector (`HELD`).
    release
        How long they are; None: until somebody dismisses them.
    learning
        False: they judge and learn nothing.
    """

    detectors: dict[str, Detector]
    known: dict[str, Detector] = field(default_factory=dict)
    hour: dt.datetime | None = None
    held: pl.DataFrame = field(default_factory=HELD.to_frame)
    release: dt.timedelta | None = None
    learning: bool = True

    @property
    def online(self) -> list[str]:
        """Labels of the detectors that hold back what alarms."""
        return [label for label, one in self.detectors.items() if isinstance(one, OnlineDetector)]

    def fork(self) -> Learners:
        """Return learners of their own: what these learn on the way changes nothing here."""
        return replace(self, detectors=_copies(self.detectors), known=dict(self.known))

    def begin(self, hour: dt.datetime) -> None:
        """Let an hour begin: learn what was held back long enough, and remember what is known by now."""
        if self.hour is not None and hour <= self.hour:
            return
        if self.release is not None and self.learning:
            due = pl.col("window") + span(self.release) <= pl.lit(hour).cast(UTC_NS)
            self.dismiss(self.held.filter(due))
        self.hour, self.known = hour, _copies({label: self.detectors[label] for label in self.online})

    def hold(self, rows: pl.DataFrame, scores: pl.DataFrame) -> None:
        """Keep the rows that alarmed by a detector's own measure and were not learnt by it."""
        raised = scores.filter("alarm", pl.col("detector").is_in(self.online)).select("detector", *_TREE)
        kept = rows.join(raised, on=_TREE, nulls_equal=True, maintain_order="right_left")
        if kept.height:
            self.held = pl.concat([self.held, kept], how="diagonal")

    def dismiss(self, rows: pl.DataFrame) -> None:
        """Learn rows that were held back, and hold them back no more."""
        if rows.is_empty():
            return
        for label in self.online:
            ours = rows.filter(pl.col("detector") == label).drop("detector")
            self.detectors[label].learn(ours)
        gone = rows.select("detector", *_TREE)
        self.held = self.held.join(gone, on=["detector", *_TREE], how="anti", nulls_equal=True,
                                   maintain_order="left")  # fmt: skip


def _copies(detectors: dict[str, Detector]) -> dict[str, Detector]:
    """Return detectors of which the online ones are copies."""
    return {label: forked(detector) for label, detector in detectors.items()}
