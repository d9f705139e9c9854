"""Detectors that see events, not windows: rules, and the one-line competitor of every model.

They pass through the same track as models and keep the detectors' promise where it applies: scores
rise with strangeness, scoring changes nothing, what can have no opinion says NaN (never 0), what
comes later changes nothing before it. ``observe`` looks at a capture once; everything else is a
function of what was observed, so that one run serves learning, scoring and findings.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

import polars as pl

from rtml.arrays import Array
from rtml.captures.store import Capture

__all__ = ["EventDetector", "per_window"]


class EventDetector(Protocol):
    """A detector that sees events; ``tests/rules/test_event_detectors.py`` holds each to its laws."""

    name: ClassVar[str]

    def observe(self, capture: Capture) -> pl.DataFrame:
        """Return what it reads of a capture, one row per event; nothing is learnt."""
        ...

    def learn(self, observed: pl.DataFrame, windows: pl.DataFrame) -> None:
        """Learn from benign rows, and from the windows that were watched meanwhile."""

    def score(self, observed: pl.DataFrame, windows: pl.DataFrame) -> Array:
        """Return one float per window, higher = stranger, NaN = no opinion. Changes nothing."""
        ...

    def findings(self, observed: pl.DataFrame) -> pl.DataFrame:
        """Return findings (`rtml.schema.FINDINGS`) made of what was observed."""
        ...

    @property
    def state(self) -> pl.DataFrame:
        """What was learnt."""
        ...


def per_window(values: pl.DataFrame, windows: pl.DataFrame, otherwise: float) -> Array:
    """Lay ``container_id, window, score`` over windows, in their order; ``otherwise`` in the rest.

    Examples
    --------
    >>> import datetime as dt
    >>> at = pl.Series([dt.datetime(2026, 1, 1)] * 2).cast(pl.Datetime("ns", "UTC"))
    >>> windows = pl.DataFrame({"container_id": ["a", "b"], "window": at})
    >>> per_window(windows[1:].with_columns(score=2.0), windows, 0.0)
    array([0., 2.])
    """
    key = ["container_id", "window"]
    asked = windows.select(pl.col("container_id").cast(pl.String), "window")
    laid = asked.join(values, on=key, how="left", maintain_order="left")
    return laid["score"].fill_null(otherwise).to_numpy().astype(float)
