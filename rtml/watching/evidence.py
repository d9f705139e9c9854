"""Events that findings name, kept with their content until the findings are settled."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from rtml.captures import Capture
from rtml.captures.audit import AUDIT
from rtml.findings.context import with_context
from rtml.schema import conform, empty

__all__ = ["Evidence"]

_EVENT = ["host", "seq"]


@dataclass
class Evidence:
    """``events`` with their content, and rows of the ``audit`` table; each event once, as read last."""

    events: pl.DataFrame = field(default_factory=empty)
    audit: pl.DataFrame = field(default_factory=AUDIT.to_frame)

    def take(self, stretch: Capture, wanted: pl.DataFrame) -> None:
        """Keep what is ``wanted`` (``host``, ``seq``) of a stretch, and of what was kept before."""
        asked = wanted.lazy()
        rows = stretch.events().with_columns(pl.col("host").cast(pl.String))
        new = conform(rows.join(asked, on=_EVENT, how="semi").collect(engine="streaming"))
        self.events = _newest(self.events, new, wanted)
        calls = stretch.audit().join(asked, on=_EVENT, how="semi").collect()
        self.audit = _newest(self.audit, calls, wanted)

    def shown(self, findings: pl.DataFrame, capture: Capture) -> pl.DataFrame:
        """Return findings with the content of their events (`rtml.findings.context.with_context`)."""
        audit = self.audit.lazy() if capture.manifest.audit else AUDIT.to_frame().lazy()
        return with_context(findings, self.events.lazy(), capture.processes(), audit)


def _newest(old: pl.DataFrame, new: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    both = pl.concat([new, old]).with_columns(_host=pl.col("host").cast(pl.String))
    kept = both.unique(["_host", "seq"], keep="first", maintain_order=True)
    named = wanted.select(_host=pl.col("host").cast(pl.String), seq="seq")
    return kept.join(named, on=["_host", "seq"], how="semi", maintain_order="left").drop("_host")
