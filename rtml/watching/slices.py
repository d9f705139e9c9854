"""A stretch of time of a capture that grows, as a capture: only the files that hold it are opened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import polars as pl

from rtml.captures import Capture
from rtml.captures.archived import archived
from rtml.captures.audit import AUDIT, with_final
from rtml.captures.in_time import stretched
from rtml.captures.manifest import Growing
from rtml.captures.naming import renamed_rows
from rtml.captures.parts import scan_table
from rtml.captures.processes import PROCESSES
from rtml.schema import conform, empty
from rtml.watching.ranges import Ranges

__all__ = ["Slice"]


@dataclass(frozen=True, repr=False)
class Slice(Capture):
    """Events of ``start <= time < end``; containers, processes and losses are those of all that is known.

    ``earlier`` are events of the time before that belong to it (`rtml.rules.running.recall`); none: null.
    ``seqs`` are the first and the last number of events in its files. ``files`` hold the stretch as it was
    written down (`rtml.watching.stretches`); none: it is read from the capture. ``before`` are images of
    processes of earlier events that were put away since.
    """

    start: dt.datetime
    end: dt.datetime
    seqs: tuple[int, int]
    earlier: pl.DataFrame | None = None
    files: tuple[str, ...] = ()
    before: pl.DataFrame = field(default_factory=PROCESSES.to_frame)

    @classmethod
    def of(
        cls,
        whole: Capture,
        ranges: Ranges,
        start: dt.datetime,
        end: dt.datetime,
        earlier: pl.DataFrame | None = None,
    ) -> Slice:
        """Cut a stretch out of a capture, of which ``ranges`` knows the files."""
        growing = whole.manifest.growing
        assert growing is not None
        names = ranges.between(start, end)
        recent = [part for part in growing.archive if part.last >= start]
        others = [part for part in growing.archive if part.last < start]
        old = growing.model_copy(update={"archive": others})
        parts = [ranges.known[name] for name in names]
        manifest = whole.manifest.model_copy(
            update={
                "growing": growing.model_copy(update={"parts": names, "archive": recent}),
                "events": sum(part.rows for part in parts),
            }
        )
        seqs = (
            min((part.first_seq for part in parts), default=0),
            max((part.last_seq for part in parts), default=-1),
        )
        before = _images(whole.path, old, earlier)
        return cls(whole.path, manifest, start, end, seqs, earlier, before=before)

    def processes(self) -> pl.LazyFrame:
        """Process images of all that live and of those that the stretch tells of; see `Capture.processes`."""
        return pl.concat([super().processes(), self.before.lazy()])

    def events(
        self, columns: Sequence[str] | None = None, kinds: Collection[str] | None = None
    ) -> pl.LazyFrame:
        """Events of the stretch, and those of the time before; see `Capture.events`."""
        return stretched(self._rows, (self.start, self.end), self.earlier, columns, kinds)

    def _rows(self, columns: Sequence[str] | None, kinds: Collection[str] | None) -> pl.LazyFrame:
        if not self.files:
            return super().events(columns, kinds)
        rows = scan_table(self.files)
        kept = rows if kinds is None else rows.filter(pl.col("kind").is_in(list(kinds)))
        return kept if columns is None else kept.select(columns)

    def audit(self) -> pl.LazyFrame:
        """Audit rows of the stretch and of all that came later: those say which stage is the last."""
        growing = self.manifest.growing
        assert growing is not None
        if not growing.audit:
            return empty(AUDIT).lazy()
        later = scan_table([f"{self.path}/{name}" for name in growing.audit], AUDIT)
        return with_final(conform(later.filter(pl.col("seq") >= self.seqs[0]), AUDIT))


def _images(path: str, growing: Growing, earlier: pl.DataFrame | None) -> pl.DataFrame:
    """Return the images of the processes of earlier events, of those that were put away."""
    if earlier is None or earlier.is_empty() or not growing.archive:
        return empty(PROCESSES)
    ids = earlier["process_id"].drop_nulls().unique().implode()
    images = pl.concat(archived(path, growing, "processes", PROCESSES))
    named = renamed_rows(images.filter(pl.col("process_id").is_in(ids)), growing.names)
    return named.collect(engine="streaming")
