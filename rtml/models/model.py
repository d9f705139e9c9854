"""A model: saved and loaded as a whole, it judges captures."""

from __future__ import annotations

import copy
import datetime as dt
from dataclasses import fields, replace
from pathlib import Path
from typing import Self

import polars as pl

from rtml.captures import Capture
from rtml.models.files import read_parts, write_parts
from rtml.models.parts import Parts
from rtml.models.scoring import Scored, score
from rtml.splits import Edge, at_edge, borders

__all__ = ["Model", "load_model"]


class Model(Parts):
    """Description, detectors, calibrations and the baseline that they compare with.

    `rtml.models.train` makes one, `load_model` reads one.
    """

    def score(
        self,
        capture: Capture,
        budget: float | None = None,
        start: Edge | None = None,
        end: Edge | None = None,
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

        Returns
        -------
        Windows, scores, alarms and findings; `Scored` says more.
        """
        return score(self.forked(), capture, budget, self._moment(capture, start), self._moment(capture, end))

    def stream(
        self,
        capture: Capture,
        budget: float | None = None,
        start: Edge | None = None,
        end: Edge | None = None,
    ) -> Scored:
        """Judge what comes next, and go on learning: each window is scored first, then learnt.

        Only online detectors learn; the baseline and the calibrations stay. A window that was judged
        is learnt, and left out of what comes later. Parameters and result are those of `score`.
        """
        times = (self._moment(capture, edge) for edge in (start, end))
        scored = score(self, capture, budget, *times)
        if any(detector.online for detector in self.detectors.values()):
            self.description.learned_until.update(_until(scored, self.description.window.length))
        return scored

    def save(self, folder: Path | str) -> Path:
        """Write the model into a new folder; see `rtml.models.files`."""
        return write_parts(self, Path(folder))

    @classmethod
    def of(cls, parts: Parts) -> Self:
        """Return the model that parts make."""
        return cls(**{part.name: getattr(parts, part.name) for part in fields(parts)})

    def forked(self) -> Parts:
        """Return the model with online detectors of its own, which may learn on the way."""
        detectors = {
            label: copy.deepcopy(detector) if detector.online else detector
            for label, detector in self.detectors.items()
        }
        return replace(self, detectors=detectors)

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


def load_model(folder: Path | str) -> Model:
    """Read a model from a folder.

    Raises
    ------
    RtmlError
        There is none, or something in it is not as it was written; the error names it.
    """
    return Model.of(read_parts(Path(folder)))


def _until(scored: Scored, length: dt.timedelta) -> dict[str, str]:
    last = scored.windows.group_by("container_id").agg(pl.col("window").max()).sort("container_id")
    return {str(container): (at + length).isoformat() for container, at in last.iter_rows()}
