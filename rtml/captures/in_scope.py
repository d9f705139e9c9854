"""A capture as it is seen within a scope, whatever scope it was read in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import polars as pl

from rtml.captures.scope import Scope
from rtml.captures.store import Capture

__all__ = ["InScope"]


@dataclass(frozen=True, repr=False)
class InScope(Capture):
    """``whole`` without the events that are out of scope; processes and containers are those of the whole."""

    whole: Capture | None = None
    scope: Scope = field(default_factory=Scope)

    @classmethod
    def of(cls, whole: Capture, scope: Scope) -> Capture:
        """Return ``whole`` itself where the scope leaves nothing out."""
        if scope == Scope():
            return whole
        return cls(whole.path, whole.manifest, whole, scope)

    def events(
        self, columns: Sequence[str] | None = None, kinds: Collection[str] | None = None
    ) -> pl.LazyFrame:
        """Events within the scope; see `Capture.events`."""
        assert self.whole is not None
        rows = self.whole.events(None, kinds)
        kept = rows.filter(self.scope.why(rows.collect_schema().names()).is_null())
        return kept if columns is None else kept.select(columns)

    def audit(self) -> pl.LazyFrame:
        """Audit rows of the events within the scope; see `Capture.audit`."""
        assert self.whole is not None
        kept = self.events(["host", "seq"], kinds=["audit"]).with_columns(pl.col("host").cast(pl.String))
        return self.whole.audit().join(kept, on=["host", "seq"], how="semi")

    def processes(self) -> pl.LazyFrame:
        """Process images of the whole; see `Capture.processes`."""
        assert self.whole is not None
        return self.whole.processes()
