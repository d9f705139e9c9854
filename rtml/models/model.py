"""A model: saved and loaded as a whole, it judges captures."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, replace
from pathlib import Path
from typing import Self

import polars as pl

from rtml import features
from rtml.captures import Capture
from rtml.detectors import forked
from rtml.errors import UsageError
from rtml.models.budgets import budget_of
from rtml.models.files import read_parts, write_parts
from rtml.models.ongoing import Ongoing
from rtml.models.pace import Duration, Pace, duration
from rtml.models.parts import Parts
from rtml.models.scoring import Scored, score
from rtml.models.streaming import Feed
from rtml.models.verdicts import dismiss
from rtml.splits import Edge, at_edge, borders

__all__ = ["Model", "load_model"]


class Model(Parts):
    """Description, detectors, calibrations and the baseline that they compare with.

    `rtml.models.train` makes one, `load_model` reads one.

    Examples
    --------
    >>> from rtml.captures import open_capture
    >>> from rtml.models import train
    >>> from rtml.splits import Split
    >>> capture, split = open_capture("datasets/lab-v1/capture"), Split(calibrate=0.3, test=0.55)
    >>> model = train(capture, ["surprise"], split, families=["commands"])
    >>> scored = model.score(capture, start=0.55, budget=30)
    >>> scored.scores.select("detector", "score", "alarm").top_k(2, by="score")
    shape: (2, 3)
    ┌──────────┬───────────┬───────┐
    │ detector ┆ score     ┆ alarm │
    │ ---      ┆ ---       ┆ ---   │
    │ str      ┆ f64       ┆ bool  │
    ╞══════════╪═══════════╪═══════╡
    │ surprise ┆ 15.697848 ┆ true  │
    │ surprise ┆ 15.697848 ┆ true  │
    └──────────┴───────────┴───────┘
    """

    def score(
        self,
        capture: Capture,
        budget: float | None = None,
        start: Edge | None = None,
        end: Edge | None = None,
        hold: Duration | None = None,
    ) -> Scored:
        """Judge a capture. The model stays as it is: the same capture gives the same bits again.

        Online detectors go on learning within the capture (score first, then learn), on a copy
        that is thrown away; `stream` keeps what they learnt.

        Parameters
        ----------
        capture
            What to judge. Windows that the model has learnt from are left out and counted.
        budget
            False findings per container-day; None takes the model's own.
        start, end
            Only windows in ``start <= window < end``: moments (UTC), or shares of the capture's time.
        hold
            How far ahead a window may look for replicas that change with it: as a stream of this hold
            does (``10m``; what alarmed is then learnt after a week). None looks at all the time that is
            judged.

        Returns
        -------
        Windows, scores, alarms and findings; `Scored` says more.
        """
        budget = None if budget is None else budget_of(budget)
        ahead = None if hold is None else duration(hold, "hold")
        edges = (self._moment(capture, start), self._moment(capture, end))
        return score(self.forked(), capture, budget, *edges, ahead)

    def stream(
        self,
        capture: Capture,
        budget: float | None = None,
        start: Edge | None = None,
        end: Edge | None = None,
        pace: Pace | None = None,
    ) -> Scored:
        """Judge what comes next, and go on learning: each window is scored first, then learnt.

        Scores and findings are those of all time that is not settled; within the hold they may change
        (`rtml.models.streaming`): `Scored.onto` keeps a table of findings up to date, `flush` ends a stream.
        A window that was judged is left out of what comes later. Calibrations stay.

        Parameters
        ----------
        budget
            False findings per container-day; None: as before, at first the model's own.
        pace
            How long to hold, when to learn what alarmed, how fast to forget; None: as before, at first the
            usual `Pace`.

        Notes
        -----
        Other parameters are those of `score`.
        """
        about = self.description
        given = features.source_of(capture, None, about.window, about.families, "tree").between(
            self._moment(capture, start), self._moment(capture, end)
        )
        return self._feed(budget, pace).take(given, where=capture.path)

    def flush(self, budget: float | None = None) -> Scored:
        """Settle what a stream still holds, as if the hold were over: nothing is lost at its end."""
        if self.ongoing is None:
            raise UsageError("flush: the model is in no stream; stream a capture first")
        return self._feed(budget, None).take(None, last=True)

    def dismiss(self, findings: pl.DataFrame) -> int:
        """Learn what findings of a stream are about: somebody has looked, and it is nothing.

        Online detectors learn the trees that they held back, the baseline their events. What was dismissed
        is usual from the next batch on.

        Parameters
        ----------
        findings
            ``container_id``, ``process_id``, ``first_seen``, ``last_seen``: as `Scored.findings` has them.

        Returns
        -------
        How many trees and windows were held back and are not any more; 0: they were learnt before, by a
        verdict or because their time had passed, or their window is not settled yet.
        """
        return 0 if self.ongoing is None else dismiss(self, self.ongoing, findings)

    def _feed(self, budget: float | None, pace: Pace | None) -> Feed:
        self.ongoing = self.ongoing or Ongoing()
        if pace is not None and pace.halving is not None and self.ongoing.pace.halving is None:
            self.ongoing.began = None  # days are counted from here
        self.ongoing.pace = pace or self.ongoing.pace
        self.ongoing.budget = self.ongoing.budget if budget is None else budget
        return Feed(self, self.ongoing, self.ongoing.budget or self.description.budget)

    def save(self, folder: Path | str) -> Path:
        """Write the model into a new folder; see `rtml.models.files`."""
        return write_parts(self, Path(folder))

    @classmethod
    def of(cls, parts: Parts) -> Self:
        """Return the model that parts make."""
        return cls(**{part.name: getattr(parts, part.name) for part in fields(parts)})

    def forked(self) -> Parts:
        """Return the model with online detectors of its own, which may learn on the way."""
        detectors = {label: forked(detector) for label, detector in self.detectors.items()}
        about = self.description.model_copy(update={"learned_until": self.learned_until()})
        return replace(self, detectors=detectors, description=about)

    def learned_until(self) -> dict[str, str]:
        """Return until when each container was learnt, or judged by the stream that holds it."""
        known, window = self.description.learned_until, self.description.window
        if self.ongoing is None or not self.ongoing.events.height:
            return known
        cells = self.ongoing.events.group_by(pl.col("container_id").cast(pl.String))
        last = cells.agg(window.start("time").max()).sort("container_id")
        held = {name: (at + window.length).isoformat() for name, at in last.iter_rows()}
        return known | {name: max(until, known.get(name, until)) for name, until in held.items()}

    def _moment(self, capture: Capture, edge: Edge | None) -> dt.datetime | None:
        """Return a moment; a share is of the capture's time."""
        if edge is None or isinstance(edge, dt.datetime):
            return edge
        window = self.description.window
        return at_edge(*borders(capture, window), edge, window)

    def __repr__(self) -> str:
        """Say in a line what the model holds."""
        about = self.description
        return (
            f"Model({', '.join(self.detectors) or 'no detectors'}; {len(about.features)} features of"
            f" {', '.join(about.families)}; windows of {about.every}, {len(about.learned_until)} containers)"
        )


def load_model(folder: Path | str, judging: bool = True) -> Model:
    """Read a model from a folder; one that is not ``judging`` has no detectors, and makes features.

    Raises
    ------
    RtmlError
        There is none, or something in it is not as it was written; the error names it.
    """
    return Model.of(read_parts(Path(folder), judging))
