"""Which files of a growing capture hold which time: each is looked into once."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import polars as pl

from rtml.captures import Capture
from rtml.captures.parts import scan_table
from rtml.schema import POLARS

__all__ = ["Range", "Ranges"]


@dataclass(frozen=True)
class Range:
    """The first and last ``time`` and ``seq`` in a file of ``rows`` events."""

    rows: int
    first: dt.datetime
    last: dt.datetime
    first_seq: int
    last_seq: int


@dataclass
class Ranges:
    """The ranges of all files that the last commit names (``known``)."""

    known: dict[str, Range] = field(default_factory=dict)

    def update(self, capture: Capture) -> None:
        """Look into the files that are new, and forget those that are gone."""
        growing = capture.manifest.growing
        assert growing is not None
        found = {}
        for name in growing.parts:
            known = self.known.get(name)
            if known is None:
                known = _range(f"{capture.path}/{name}")
            if known is not None:
                found[name] = known
        self.known = found

    def between(self, start: dt.datetime, end: dt.datetime) -> list[str]:
        """Return the files that hold something of ``start <= time < end``."""
        return [name for name, one in self.known.items() if one.first < end and one.last >= start]


def _range(path: str) -> Range | None:
    time, seq = pl.col("time"), pl.col("seq")
    facts = scan_table(path, pl.Schema({name: POLARS[name] for name in ("time", "seq")})).select(
        rows=pl.len(), first=time.min(), last=time.max(), first_seq=seq.min(), last_seq=seq.max()
    )
    row = facts.collect().row(0, named=True)
    return Range(**row) if row["rows"] else None
