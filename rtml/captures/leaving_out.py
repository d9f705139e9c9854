"""A capture without some stretches of some containers: what must not be learnt from.

A recording for calibration may hold attacks whose times are known. Their windows are left out whole
(a window that is half an attack is no benign window), one more after the end, for what an attack
leaves running. What an attack does to *other* containers (a scanned service) stays in.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import polars as pl

from rtml.captures.store import Capture
from rtml.schema import empty
from rtml.times import MINUTE, Window

__all__ = ["CELLS", "PartialCapture", "cells_of", "leave_out"]

CELLS = pl.Schema({"container_id": pl.String(), "_cell": pl.Int64()})
"""A window of a container; ``_cell`` counts windows since 1970."""


def cells_of(spans: pl.DataFrame, every: Window, after: int = 1) -> pl.DataFrame:
    """Return the windows (`CELLS`) that spans touch, and ``after`` more.

    Parameters
    ----------
    spans
        ``container_id``, ``start``, ``end``.
    every
        Length of a window.

    Examples
    --------
    >>> import datetime as dt
    >>> at = dt.datetime(1970, 1, 1, 0, 2, 30, tzinfo=dt.UTC)
    >>> spans = pl.DataFrame({"container_id": ["a"], "start": [at], "end": [at]})
    >>> cells_of(spans, MINUTE)["_cell"].to_list()
    [2, 3]
    """
    first, last = (_cell(name, every) for name in ("start", "end"))
    return (
        spans.select(pl.col("container_id").cast(pl.String), _cell=pl.int_ranges(first, last + after + 1))
        .explode("_cell")
        .select(pl.col(name).cast(kind) for name, kind in CELLS.items())
        .unique()
        .sort("container_id", "_cell")
    )


def _cell(column: str, every: Window) -> pl.Expr:
    return pl.col(column).cast(pl.Datetime("ns", "UTC")).to_physical() // every.nanoseconds


def leave_out(events: pl.LazyFrame, cells: pl.DataFrame, every: Window, column: str = "time") -> pl.LazyFrame:
    """Drop the rows whose container and time lie in one of the cells; the order stays."""
    keys = {"_container": pl.col("container_id").cast(pl.String), "_cell": _cell(column, every)}
    return (
        events.with_columns(**keys)
        .join(cells.lazy(), left_on=list(keys), right_on=CELLS.names(), how="anti", maintain_order="left")
        .drop(keys)
    )


@dataclass(frozen=True, repr=False)
class PartialCapture(Capture):
    """``whole`` without the ``cells``; processes and containers are those of the whole."""

    whole: Capture | None = None
    every: Window = MINUTE
    cells: pl.DataFrame = field(default_factory=lambda: empty(CELLS))

    @classmethod
    def of(cls, whole: Capture, cells: pl.DataFrame, every: Window) -> Capture:
        """Return ``whole`` itself when there is nothing to leave out."""
        if cells.is_empty():
            return whole
        return cls(whole.path, whole.manifest, whole, every, cells)

    def events(
        self, columns: Sequence[str] | None = None, kinds: Collection[str] | None = None
    ) -> pl.LazyFrame:
        """Events outside the cells; see `Capture.events`."""
        assert self.whole is not None
        kept = leave_out(self.whole.events(None, kinds), self.cells, self.every)
        return kept if columns is None else kept.select(columns)

    def audit(self) -> pl.LazyFrame:
        """Audit rows of the whole, which belong to no container; see `Capture.audit`."""
        assert self.whole is not None
        return self.whole.audit()

    def processes(self) -> pl.LazyFrame:
        """Process images of the whole; see `Capture.processes`."""
        assert self.whole is not None
        return self.whole.processes()
