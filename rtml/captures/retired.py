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

__all__ = ["Retired"]


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

    def whole(self) -> tuple[Known, pl.DataFrame]:
        """Return what is known of all processes, and the events that tell of their programs."""
        given = self._read("given").unique(maintain_order=True)
        return Known(processes=merged(self._read("processes")), given=given), telling(self._read("kept"))

    def _read(self, name: str) -> pl.DataFrame:
        files = [self._file(name, number) for number in range(1, self.number + 1)]
        tables = [pl.read_parquet(file, glob=False) for file in files]
        return pl.concat([_tables(Was())[name], *tables])

    def _file(self, name: str, number: int) -> Path:
        return self.folder / f"{name}-{number:08d}.parquet"


def _tables(was: Was) -> dict[str, pl.DataFrame]:
    return {"kept": was.kept, "processes": was.known.processes, "given": was.known.given}
