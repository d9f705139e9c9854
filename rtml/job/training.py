"""Training on an engine: shards of whole peer groups are learnt and featured anywhere, baselines add up.

Every time that a training asks for something, each shard is a task. What they give is put together by sums
(of baselines, as a tree) and by sorting (of rows), so the model is that of one process, bit for bit.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from rtml.baselines import Baseline, merge
from rtml.captures import Capture
from rtml.errors import RtmlError, lookup
from rtml.features import AUDIT_FAMILIES, Family
from rtml.features.reader import OwnReader, Piece, Reader, Readers
from rtml.features.source import Source
from rtml.job.engines import ENGINES, Engine, Machines
from rtml.job.lessons import Lesson, anywhere
from rtml.job.tasks import groups_of, shards_of
from rtml.progress import report

__all__ = ["readers"]


def readers(
    engine: str = "local", workers: int | None = None, address: str | None = None, shards: int | None = None
) -> Readers:
    """Say who reads the events of a training: ``rtml.train(capture, readers=readers("ray"))``.

    Parameters
    ----------
    engine
        A name of `rtml.job.engines.ENGINES`.
    workers
        Processes at a time; None: one per processor.
    address
        Of a cluster; None: this machine.
    shards
        How many the containers are cut into, at most; None: one per worker.
    """
    chosen, number = lookup(ENGINES, engine, "engine"), workers or os.cpu_count() or 1

    @contextmanager
    def opened(capture: Capture, source: Source, families: Mapping[str, Family]) -> Iterator[Reader]:
        own, machines = OwnReader(source, families), Machines(number, address)
        cut = [] if set(families) & set(AUDIT_FAMILIES) else _cut(capture, shards or number)
        if not cut or (len(cut) == 1 and engine == "local"):  # users of an audit log; nothing to share out
            yield own
            return
        whole = Lesson(anywhere(capture), source.every.text, tuple(families), (), (), (), 0, "")
        lessons = [replace(whole, containers=names, events=events) for names, events in cut]
        with chosen.keeping(machines):
            yield _Shards(lessons, chosen, machines)

    return opened


def _cut(capture: Capture, number: int) -> list[tuple[tuple[str, ...], int]]:
    return shards_of(groups_of(capture, *capture.span), number)


@dataclass(frozen=True)
class _Shards:
    """A reader each shard of which is read by whoever is free."""

    lessons: list[Lesson]
    engine: Engine
    machines: Machines

    def learn(self, pieces: Sequence[Piece]) -> Iterator[Baseline]:
        """See `rtml.features.reader.Reader.learn`."""
        with tempfile.TemporaryDirectory(prefix="rtml-train-") as nothing:
            told = self._told(pieces, (), "", nothing, "baseline")
        for number in range(len(pieces)):
            yield _added([Baseline(shard[number]) for shard in told])

    def assemble(self, compared: Iterable[tuple[Piece, Baseline]]) -> Iterator[pl.DataFrame]:
        """See `rtml.features.reader.Reader.assemble`."""
        pieces, names, digest = list[Piece](), list[str](), hashlib.sha256()
        with tempfile.TemporaryDirectory(prefix="rtml-train-") as folder:
            for piece, baseline in compared:
                pieces.append(piece)
                names.append(f"{len(names):03d}")
                baseline.save(Path(folder) / names[-1])
                digest.update((Path(folder) / names[-1] / "baseline.json").read_bytes())
            told = self._told(pieces, tuple(names), digest.hexdigest(), folder, "windows") if pieces else []
        tree = pl.col("process_id").fill_null(0)
        for number in range(len(pieces)):
            yield pl.concat([shard[number] for shard in told]).sort("container_id", "window", tree)

    def _told(
        self, pieces: Sequence[Piece], baselines: tuple[str, ...], digest: str, folder: str, step: str
    ) -> list[list[pl.DataFrame]]:
        """Return the tables of every shard, one per piece."""
        tasks = [
            replace(
                lesson, pieces=tuple(pieces), baselines=baselines, digest=digest, model=folder, cache=folder
            )
            for lesson in self.lessons
        ]
        told: list[list[pl.DataFrame]] = [[] for _ in tasks]
        report(step, 0, len(tasks), "shards")
        for done, (place, outcome) in enumerate(self.engine.run(tasks, self.machines), 1):
            if isinstance(outcome, Exception):
                raise (
                    outcome
                    if isinstance(outcome, RtmlError)
                    else RtmlError(f"a shard of the training failed: {outcome}")
                )
            told[place] = [_table(outcome[str(number)]) for number in range(len(pieces))]
            report(step, done, len(tasks), "shards")
        return told


def _table(content: bytes) -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(content), glob=False)


def _added(parts: list[Baseline]) -> Baseline:
    """Add baselines two by two, as a tree."""
    while len(parts) > 1:
        parts = [merge(*parts[at : at + 2]) for at in range(0, len(parts), 2)]
    return parts[0]
