"""What families look back to (`rtml.baselines.Selection.recall`), of more time than memory holds: on disk.

A stream of calls to one address must be remembered for as long as it may go on, and a container that calls
millions of addresses has as many. A piece of time needs those only that it has events of itself
(`Selection.met_by`), so the others stay on disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from rtml.baselines import Selection
from rtml.features.source import Source
from rtml.schema import POLARS

__all__ = ["Recalled"]


class Recalled:
    """Earlier events in a folder.

    Parameters
    ----------
    folder
        An empty one that goes away with the work.
    selections
        Those that look back are remembered for.
    columns
        The columns of events that are kept.
    """

    def __init__(self, folder: Path, selections: Iterable[Selection], columns: Sequence[str]) -> None:
        self._folder, self._columns = folder, list(columns)
        self._files: dict[Selection, list[Path]] = {e: [] for e in selections if e.recall is not None}

    def with_earlier(self, piece: Source) -> pl.LazyFrame:
        """Return the events of a piece behind those that they will be compared with."""
        earlier = [self._met(piece, entry) for entry, files in self._files.items() if files]
        return pl.concat([*earlier, piece.events]) if earlier else piece.events

    def add(self, piece: Source) -> None:
        """Remember, of the events of a piece, what later ones will be compared with."""
        for number, (entry, files) in enumerate(self._files.items()):
            assert entry.recall is not None
            rows = entry.recall(entry.chosen(piece.events), piece.processes).select(self._columns).collect()
            if rows.height:
                path = self._folder / f"recalled-{number}-{len(files)}.parquet"
                rows.write_parquet(path, compression="lz4", statistics=False)
                files.append(path)

    def _met(self, piece: Source, entry: Selection) -> pl.LazyFrame:
        kept = pl.scan_parquet(self._files[entry], glob=False).cast({n: POLARS[n] for n in self._columns})
        if not entry.met_by:
            return kept
        met = list(entry.met_by)
        streams = entry.chosen(piece.events).select(met).unique()
        return kept.join(streams, on=met, how="semi", nulls_equal=True).collect(engine="streaming").lazy()
