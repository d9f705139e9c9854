"""A stretch of time of a capture, as a capture."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import polars as pl

from rtml.captures.some_files import within
from rtml.captures.store import Capture
from rtml.schema import empty
from rtml.times import instant

__all__ = ["InTime", "stretched"]


@dataclass(frozen=True, repr=False)
class InTime(Capture):
    """Events of ``whole`` from the first moment of ``between`` until before the second.

    ``held`` is the whole with the files of that time alone (`rtml.captures.some_files.within`). Processes,
    containers and audit rows are those of the whole. ``earlier`` are events of the time before
    that belong to it all the same (`rtml.rules.running.recall`).

    Examples
    --------
    >>> from rtml.captures import open_capture
    >>> lab = open_capture("datasets/lab-v1/capture")
    >>> begin, end = lab.span
    >>> half = InTime.of(lab, begin, begin + (end - begin) / 2)
    >>> 0 < half.events(["seq"]).collect().height < lab.manifest.events
    True
    """

    whole: Capture | None = None
    held: Capture | None = None
    between: tuple[dt.datetime, dt.datetime] | None = None
    earlier: pl.DataFrame = field(default_factory=empty)

    @classmethod
    def of(
        cls, whole: Capture, begin: dt.datetime, end: dt.datetime, earlier: pl.DataFrame | None = None
    ) -> InTime:
        """Cut a stretch out of a capture."""
        before = empty() if earlier is None else earlier
        return cls(whole.path, whole.manifest, whole, within(whole, begin, end), (begin, end), before)

    def events(
        self, columns: Sequence[str] | None = None, kinds: Collection[str] | None = None
    ) -> pl.LazyFrame:
        """Events of the stretch, and those of the time before; see `Capture.events`."""
        assert self.held is not None and self.between is not None
        return stretched(self.held.events, self.between, self.earlier, columns, kinds)

    def audit(self) -> pl.LazyFrame:
        """Audit rows of the whole, of which those without an event here are of another time."""
        assert self.whole is not None
        return self.whole.audit()

    def processes(self) -> pl.LazyFrame:
        """Process images of the whole; see `Capture.processes`."""
        assert self.whole is not None
        return self.whole.processes()


def stretched(
    read: Callable[[Sequence[str] | None, Collection[str] | None], pl.LazyFrame],
    between: tuple[dt.datetime, dt.datetime],
    earlier: pl.DataFrame | None,
    columns: Sequence[str] | None,
    kinds: Collection[str] | None,
) -> pl.LazyFrame:
    """Return the events of a stretch of time that ``read`` gives, behind those of the time ``earlier``."""
    asked = None if columns is None else list(dict.fromkeys([*columns, "time"]))
    begin, end = map(instant, between)
    rows = read(asked, kinds).filter(pl.col("time") >= begin, pl.col("time") < end)
    if earlier is not None and earlier.height:
        before = earlier.lazy()
        before = before if kinds is None else before.filter(pl.col("kind").is_in(list(kinds)))
        rows = pl.concat([before if asked is None else before.select(asked), rows])
    return rows if columns is None else rows.select(columns)
