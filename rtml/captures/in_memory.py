"""A capture whose events are in memory: several look at them, and they come from their files once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import polars as pl

from rtml.captures.store import Capture
from rtml.schema import empty

__all__ = ["BYTES", "InMemory"]

BYTES = 250
"""Memory that an event takes with all its columns, about: 244 for the lab's, texts are shared."""


@dataclass(frozen=True, repr=False)
class InMemory(Capture):
    """The events of ``whole`` as a ``table``; all else is read where it lies.

    Examples
    --------
    >>> from rtml.captures import open_capture
    >>> lab = open_capture("datasets/lab-v1/capture")
    >>> near = InMemory.of(lab)
    >>> near.events(["exe"], ["exec"]).collect().height == lab.events(["exe"], ["exec"]).collect().height
    True
    """

    whole: Capture | None = None
    table: pl.DataFrame = field(default_factory=empty)

    @classmethod
    def of(cls, whole: Capture) -> InMemory:
        """Read the events of a capture."""
        return cls(whole.path, whole.manifest, whole, whole.events().collect(engine="streaming"))

    def events(
        self, columns: Sequence[str] | None = None, kinds: Collection[str] | None = None
    ) -> pl.LazyFrame:
        """Events of the capture; see `Capture.events`."""
        rows = self.table.lazy()
        if kinds is not None:
            rows = rows.filter(pl.col("kind").is_in(list(kinds)))
        return rows if columns is None else rows.select(columns)

    def audit(self) -> pl.LazyFrame:
        """Audit rows of the whole; see `Capture.audit`."""
        assert self.whole is not None
        return self.whole.audit()

    def processes(self) -> pl.LazyFrame:
        """Process images of the whole; see `Capture.processes`."""
        assert self.whole is not None
        return self.whole.processes()
