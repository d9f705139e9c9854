"""What a long import knows of processes, put on disk from time to time so that memory stays small.

Only the last mark of each pid is needed to read on. All else is put aside in files and taken together at
the end: what is known of one process over several files is summed as it would have been in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from rtml.captures.following.knowing import Known, merged
from rtml.captures.following.remembering import telling
from rtml.captures.following.tables import Was

__all__ = ["Retired", "spans"]

_AT_ONCE = 100_000
"""Rows of events beyond which they are gone through in pieces, by ids of processes."""

_SPANS = 8
_SPAN = 2**64 // _SPANS


@dataclass
class Retired:
    """Files of one time line in ``folder``, in the order in which they were put there."""

    folder: Path
    number: int = 0

    def put(self, was: Was) -> Was:
        """Put aside what was read so far; return what is needed to read on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.number += 1
        for name, table in _tables(was).items():
            table.write_parquet(self._file(name, self.number), compression="zstd", compression_level=1)
        return Was(known=Known(pids=was.known.pids), written=was.written)

    def known(self) -> Known:
        """Return what is known of all processes."""
        given = self._read("given").unique(maintain_order=True)
        return Known(processes=merged(self._read("processes")), given=given)

    def kept(self, keys: pl.DataFrame | None, span: pl.Expr) -> pl.DataFrame:
        """Return the events that tell of the programs of some ``keys``; None: of processes of a `spans`."""
        if keys is None:
            return telling(self._read("kept", span))
        return telling(self._read("kept", keys=keys))

    def events(self) -> int:
        """Return how many events there are that tell of programs."""
        heights = [
            pl.scan_parquet(file, glob=False).select(pl.len()).collect() for file in self._files("kept")
        ]
        return sum(int(height.item()) for height in heights)

    def _read(
        self, name: str, which: pl.Expr | None = None, keys: pl.DataFrame | None = None
    ) -> pl.DataFrame:
        tables = [_tables(Was())[name]]
        for file in self._files(name):
            rows = pl.scan_parquet(file, glob=False).filter(pl.lit(True) if which is None else which)
            if keys is not None:
                rows = rows.join(keys.lazy(), left_on="process_id", right_on="key", how="semi")
            tables.append(rows.collect())
        return pl.concat(tables)

    def _files(self, name: str) -> list[Path]:
        return [self._file(name, number) for number in range(1, self.number + 1)]

    def _file(self, name: str, number: int) -> Path:
        return self.folder / f"{name}-{number:08d}.parquet"


def spans(events: int) -> list[pl.Expr]:
    """Return in which piece of all ids a ``process_id`` lies, in their order, null first; few: in one."""
    if events < _AT_ONCE:
        return [pl.lit(True)]
    place = pl.col("process_id") // _SPAN + _SPANS // 2
    return [place.fill_null(0) == n for n in range(_SPANS)]


def _tables(was: Was) -> dict[str, pl.DataFrame]:
    return {"kept": was.kept, "processes": was.known.processes, "given": was.known.given}
