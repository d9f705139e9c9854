"""Stretches of time written down once, with what is known of their processes: many read them then.

Events of a growing capture carry keys of processes, which are looked up whenever they are read. Families,
rules and sequences read the same stretch some fifty times; from here they read what has been looked up.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

from rtml.watching.slices import Slice

__all__ = ["Stretches"]

_KEPT = dt.timedelta(minutes=5)
"""How long before the newest stretch older ones are kept: short sequences begin there."""

_NEVER = dt.datetime(1960, 1, 1, tzinfo=dt.UTC)


@dataclass
class Stretches:
    """Files of neighbouring stretches in the folder ``place``, the newest last."""

    place: Path
    files: list[tuple[dt.datetime, dt.datetime, Path]] = field(default_factory=list)
    number: int = 0

    def write(self, stretch: Slice) -> None:
        """Write a stretch down; it begins where the last one ended, or the chain begins anew."""
        if self.files and self.files[-1][1] != stretch.start:
            self.forget(stretch.end)
        self.number += 1
        self.place.mkdir(parents=True, exist_ok=True)
        path = self.place / f"{self.number:08d}.parquet"
        stretch.events().sink_parquet(path, compression="lz4")
        first = stretch.start if stretch.start.year > 1970 else _NEVER
        self.files.append((first, stretch.end, path))
        self.forget(stretch.start - _KEPT)

    def covering(self, start: dt.datetime, end: dt.datetime) -> tuple[str, ...]:
        """Return the files that hold all of a stretch; none where they do not."""
        if not self.files or self.files[0][0] > start or self.files[-1][1] < end:
            return ()
        return tuple(str(path) for first, last, path in self.files if first < end and last > start)

    def forget(self, until: dt.datetime) -> None:
        """Remove the files of time before a moment."""
        for _, last, path in self.files:
            if last <= until:
                path.unlink(missing_ok=True)
        self.files = [one for one in self.files if one[1] > until]
