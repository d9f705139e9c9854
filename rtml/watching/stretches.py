"""Stretches of time written down once, with what is known of their processes: many read them then.

Events of a growing capture carry keys of processes, which are looked up whenever they are read. Families,
rules and sequences read the same stretch some fifty times; from here they read what has been looked up.
Files that were only read are most of all events, and no sequence begins with one: they lie by themselves,
so that who looks back for beginnings (``beginnings``) leaves them out.
"""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from rtml.rules.running.recall import only_read
from rtml.watching.slices import Slice

__all__ = ["Stretches"]

_KEPT = dt.timedelta(minutes=5)
"""How long before the newest stretch older ones are kept: short sequences begin there."""

_READ = "read-"
"""How files begin that hold opens which only read."""

_NEVER = dt.datetime(1960, 1, 1, tzinfo=dt.UTC)


@dataclass
class Stretches:
    """Folders of neighbouring stretches in ``place``, the newest last."""

    place: Path
    folders: list[tuple[dt.datetime, dt.datetime, Path]] = field(default_factory=list)
    number: int = 0

    def apart(self, place: Path) -> Stretches:
        """Return stretches that go on in a place of their own; nothing of these is removed with them."""
        return Stretches(place, list(self.folders))

    def write(self, stretch: Slice, since: dt.datetime) -> None:
        """Write a stretch down; it begins where the last one ended, or the chain begins anew.

        What was written of the time since ``since`` is kept.
        """
        if self.folders and self.folders[-1][1] != stretch.start:
            self.forget(stretch.end)
        self.number += 1
        folder = self.place / f"{self.number:08d}"
        shutil.rmtree(folder, ignore_errors=True)  # of a former watch
        folder.mkdir(parents=True)
        use = only_read().fill_null(False).alias("_read")
        files = pl.PartitionBy(folder, key=use, include_key=False, file_path_provider=_named)
        stretch.events().sink_parquet(files, compression="lz4")
        first = stretch.start if stretch.start.year > 1970 else _NEVER
        self.folders.append((first, stretch.end, folder))
        self.forget(min(stretch.start - _KEPT, since))

    def covering(
        self, start: dt.datetime, end: dt.datetime, beginnings: dt.datetime | None = None
    ) -> tuple[str, ...]:
        """Return the files that hold all of a stretch; none where they do not, or where it is empty.

        Of the time before ``beginnings`` only what sequences begin with is asked for.
        """
        if not self.folders or self.folders[0][0] > start or self.folders[-1][1] < end:
            return ()
        near = [(last, folder) for first, last, folder in self.folders if first < end and last > start]
        return tuple(
            str(path)
            for last, folder in near
            for path in sorted(folder.iterdir())
            if beginnings is None or last > beginnings or not path.name.startswith(_READ)
        )

    def forget(self, until: dt.datetime) -> None:
        """Remove the stretches of time before a moment."""
        for _, last, folder in self.folders:
            if last <= until and folder.parent == self.place:
                shutil.rmtree(folder, ignore_errors=True)
        self.folders = [entry for entry in self.folders if entry[1] > until]


def _named(part: pl.FileProviderArgs) -> str:
    use = _READ if part.partition_keys.item() else ""
    return f"{use}{part.index_in_partition:04d}.parquet"
