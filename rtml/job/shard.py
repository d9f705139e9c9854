"""A shard is scored by one function of plain words, the same in any process of any engine."""

from __future__ import annotations

import datetime as dt
import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from rtml import features
from rtml.captures import Capture
from rtml.captures.in_scope import InScope
from rtml.captures.joining import joined
from rtml.captures.scope import Scope
from rtml.features.contract import Family
from rtml.features.held import columns_of, held
from rtml.features.in_blocks import assemble_in_blocks, can_be_cut
from rtml.features.source import Source
from rtml.job.cutting import cuts
from rtml.job.headway import note
from rtml.job.lessons import Lesson, read_lesson
from rtml.job.loading import model_at
from rtml.job.opening import opened
from rtml.job.tasks import Task
from rtml.models import Model
from rtml.models.recognising import again
from rtml.models.scoring import unlearnt

__all__ = ["FACTS", "PARTS", "SURPRISES", "TREES", "looking_at", "read_shard"]

TREES, SURPRISES, FACTS = PARTS = "trees", "surprises", "facts"
"""What a shard gives: two Parquet files, and facts as JSON: ``skipped`` windows, moments that come ``again``,
``seconds``."""


_near: ContextVar[Capture | None] = ContextVar("near", default=None)


def read_shard(task: Task | Lesson) -> dict[str, bytes]:
    """Read a shard: of a day that is scored, or of a training (`rtml.job.lessons.read_lesson`).

    Returns
    -------
    Of a day, by name, the features of its trees (`TREES`: `rtml.features.windows`), the surprise of its
    events (`SURPRISES`: `rtml.features.EVENT_SURPRISES`) and `FACTS`.

    Raises
    ------
    RtmlError, OSError, polars.exceptions.PolarsError
        A capture cannot be read.
    """
    return read_lesson(task) if isinstance(task, Lesson) else _read_day(task)


def _read_day(task: Task) -> dict[str, bytes]:
    begun = time.monotonic()
    model = model_at(task.model, task.digest, judging=False)
    families = features.families_of(model.description.families)
    opened, skipped, edges, met = _looked_at(task, model, families)
    packed = {TREES: _Packed(), SURPRISES: _Packed()}
    for trees, surprises in assemble_in_blocks(opened, model.baseline, families, edges, partial(note, task)):
        packed[TREES].add(trees)
        packed[SURPRISES].add(surprises)
    facts = {"skipped": skipped, "again": met, "seconds": time.monotonic() - begun}
    files = {name: part.close() for name, part in packed.items()}
    return files | {FACTS: json.dumps(facts).encode()}


def _looked_at(
    task: Task, model: Model, families: dict[str, Family]
) -> tuple[Callable[[], Source], int, list[dt.datetime], Any]:
    """Return how to open the source, the windows left out, the pieces, and the moments that come again."""
    about = model.description
    source, skipped = _source(task, model)
    edges = _edges(source, task, families)
    if len(edges) > 2:  # a shard that is cut is never held whole
        met = again(source.events, about.moments, about.paces)
        return lambda: _source(task, model)[0], skipped, edges, met
    whole = held(source, columns_of(families)) if _near.get() is None else source  # read once
    return lambda: whole, skipped, edges, again(whole.events, about.moments, about.paces)


class _Packed:
    """A Parquet file in memory, written piece by piece."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._file: Any = None

    def add(self, table: pl.DataFrame) -> None:
        """Append rows."""
        arrow = table.to_arrow()
        if self._file is None:
            how = {"compression": "zstd", "write_statistics": False}
            self._file = pq.ParquetWriter(self._buffer, arrow.schema, **how)
        self._file.write_table(arrow, row_group_size=256_000)

    def close(self) -> bytes:
        """Return the file."""
        assert self._file is not None
        self._file.close()
        return self._buffer.getvalue()


@contextmanager
def looking_at(capture: Capture) -> Iterator[None]:
    """Let shards that this process reads in the block look at a capture that holds the same, in memory."""
    token = _near.set(capture)
    try:
        yield
    finally:
        _near.reset(token)


def _captures_of(task: Task) -> Capture:
    """Open the captures of a task as one, within its scope."""
    near = _near.get()
    if near is not None:
        return near
    cache = Path(task.cache)
    parts = (opened(one.url, one.stamp, list(one.damaged), cache) for one in task.members)
    return InScope.of(joined(parts), _as_scope(task.scope))


def _as_scope(plain: Any) -> Scope:
    """Return the scope that plain words say (`dataclasses.asdict`)."""
    sides = {
        name: {what: tuple(texts) for what, texts in plain[name].items()} for name in ("include", "exclude")
    }
    return Scope(tuple(plain["off"]), **sides)


def _source(task: Task, model: Model) -> tuple[Source, int]:
    """Return what the shard looks at, and how many windows of its day the model has learnt from."""
    about = model.description
    view = [dt.datetime.fromisoformat(at) for at in task.view]
    given = features.source_of(_captures_of(task), None, about.window, about.families, "tree").between(*view)
    begun = about.window.border_before(view[0])
    known = model.learned_until().items()
    learnt = {name: until for name, until in known if dt.datetime.fromisoformat(until) > begun}
    if task.containers is not None:
        names = list(task.containers)
        inside = pl.col("container_id").is_in(names)
        given = replace(given, events=given.events.filter(inside), identity=given.identity.filter(inside))
        learnt = {name: until for name, until in learnt.items() if name in task.containers}
    if not learnt:
        return given, 0
    begin = dt.datetime.fromisoformat(task.day).replace(tzinfo=dt.UTC)
    _, skipped = unlearnt(given.between(begin, begin + dt.timedelta(days=1)), learnt)
    return unlearnt(given, learnt)[0], skipped


def _edges(source: Source, task: Task, families: dict[str, Family]) -> list[dt.datetime]:
    """Return where a shard is cut in time, so that pieces hold about as many events each."""
    begin, end = (dt.datetime.fromisoformat(at) for at in task.view)
    if task.blocks < 2 or not can_be_cut(families):
        return [begin, end]
    cells = source.events.group_by(source.window).agg(pl.len()).collect(engine="streaming").sort("window")
    return [begin, *cuts(cells, task.blocks), end]
