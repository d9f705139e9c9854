"""Findings as a value that can be looked at: ranked, counted, with their reasons."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rtml.findings.reasons import in_short
from rtml.schema import FINDINGS, conform
from rtml.showing.tables import table
from rtml.text import visible

__all__ = ["Findings"]

_REASONS = 2


@dataclass(frozen=True, repr=False)
class Findings:
    """A table of findings (`rtml.schema.FINDINGS`), shown with the first reasons of each.

    Examples
    --------
    >>> row = {"finding_id": "f1", "detector": "surprise", "severity": 8.0, "title": "web: sh -> nc"}
    >>> findings = Findings(pl.DataFrame([row]))
    >>> findings
    Findings(1 of surprise; gravest 8.0: web: sh -> nc)
    >>> len(findings), Findings(FINDINGS.to_frame())
    (1, Findings(none))
    """

    frame: pl.DataFrame

    def __post_init__(self) -> None:
        """Give the frame all columns of findings."""
        object.__setattr__(self, "frame", conform(self.frame, FINDINGS))

    def top(self, most: int = 10) -> Findings:
        """Return the most severe findings; of equal severity the highest score, then the earliest."""
        order = ["severity", "score", "first_seen", "finding_id"]
        ranked = self.frame.sort(order, descending=[True, True, False, False], nulls_last=True)
        return Findings(ranked.head(most))

    def view(self) -> pl.DataFrame:
        """Return what people read: when, where, what, how severe, and why."""
        reasons = [in_short(row, _REASONS) for row in self.frame.iter_rows(named=True)]
        return self.frame.select(
            "first_seen", "workload", "container_name", "severity", "detector", "title", "type"
        ).with_columns(because=pl.Series(reasons, dtype=pl.String))

    def __len__(self) -> int:
        """Return how many there are."""
        return self.frame.height

    def __repr__(self) -> str:
        """Say in a line how many there are and which is the most severe."""
        if not len(self):
            return "Findings(none)"
        worst = self.top(1).frame.row(0, named=True)
        detectors = ", ".join(sorted(self.frame["detector"].drop_nulls().unique()))
        severity = "?" if worst["severity"] is None else f"{worst['severity']:.1f}"
        return f"Findings({len(self)} of {detectors}; gravest {severity}: {visible(worst['title'] or '')})"

    def _repr_html_(self) -> str:
        return table(self.view(), code=["title", "type"], above=["title", "type", "because"]).markup
