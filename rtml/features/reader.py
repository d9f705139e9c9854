"""Who reads the events of a training: this process (`OwnReader`), or processes anywhere (`rtml.job.lessons`).

A training asks for two things only, each a function of pieces of time: what was counted in them, and their
rows of features. Counts add up over containers, rows of a container depend on its peers alone; so whoever
cuts the containers by whole peer groups gives the same bits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from rtml.baselines import Baseline, learn
from rtml.captures.store import Capture
from rtml.features.contract import Family
from rtml.features.held import held
from rtml.features.source import Source
from rtml.features.windows import assemble
from rtml.progress import steps

__all__ = ["OwnReader", "Piece", "Reader", "Readers", "own_reader"]


@dataclass(frozen=True)
class Piece:
    """Events of ``start <= time < end`` (null is unbounded), without some trees: ``host``, root."""

    start: dt.datetime | None
    end: dt.datetime | None
    left_out: tuple[tuple[str, int], ...] = ()

    def of(self, source: Source) -> Source:
        """Return this piece of a source."""
        schema = {"host": pl.String, "root_id": pl.Int64}
        trees = pl.DataFrame(self.left_out, schema=schema, orient="row")
        return source.between(self.start, self.end).without(trees)


class Reader(Protocol):
    """Reads pieces of one source, of which it knows the families."""

    def learn(self, pieces: Sequence[Piece]) -> Iterator[Baseline]:
        """Yield what each piece teaches, in their order."""

    def assemble(self, compared: Iterable[tuple[Piece, Baseline]]) -> Iterator[pl.DataFrame]:
        """Yield the rows of each piece (`rtml.features.windows.assemble`), compared with a baseline each."""


@dataclass(frozen=True)
class OwnReader:
    """What this process reads, one piece after the other.

    ``columns`` of events that are held in memory, a piece at a time (`rtml.features.held.columns_of`); none:
    nothing is, and events are read again for every family.
    """

    source: Source
    families: Mapping[str, Family]
    beyond_peers: bool = True
    columns: tuple[str, ...] = ()

    def learn(self, pieces: Sequence[Piece]) -> Iterator[Baseline]:
        """See `Reader.learn`."""
        wanted = [one for family in self.families.values() for one in family.conditionals]
        for piece in steps(pieces, "baseline", "blocks"):
            part = self._part(piece)
            yield learn(part.events, part.processes, wanted, part.peers)

    def assemble(self, compared: Iterable[tuple[Piece, Baseline]]) -> Iterator[pl.DataFrame]:
        """See `Reader.assemble`."""
        for piece, baseline in compared:
            part = self._part(piece)
            yield assemble(part, baseline, self.families, beyond_peers=self.beyond_peers)

    def _part(self, piece: Piece) -> Source:
        part = piece.of(self.source)
        return held(part, self.columns) if self.columns else part


Readers = Callable[[Capture, Source, Mapping[str, Family]], AbstractContextManager[Reader]]
"""Opens a reader of a capture and its source; its rows are beyond peers (`rtml.features.shared`)."""


def own_reader(
    capture: Capture, source: Source, families: Mapping[str, Family]
) -> AbstractContextManager[Reader]:
    """Let this process read: what is meant where nothing is said."""
    return nullcontext(OwnReader(source, families))
