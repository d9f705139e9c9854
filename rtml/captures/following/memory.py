"""What a follower knows, on disk: read again after it was stopped or killed."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pydantic

from rtml.captures.counting import Counts
from rtml.captures.following.archive import GONE, Archive, Sums
from rtml.captures.following.gathering import Gathered
from rtml.captures.following.place import Place
from rtml.captures.following.tables import NOTHING, Was, heard_in
from rtml.captures.following.waiting import Piece
from rtml.captures.processes import PROCESSES
from rtml.captures.sensors import Sensor
from rtml.errors import RtmlError
from rtml.reading.parquet import read_parquet
from rtml.schema import conform, empty

__all__ = ["Facts", "read_memory", "write_memory", "write_side"]

_PLACE = "memory"
_OWN = ("process_id", "parent_id", "target_id", "exe_written", "exe_memory")
"""Columns that rows which wait have otherwise than the sensor gave them."""


class Facts(pydantic.BaseModel):
    """What is no table. ``parts`` are the files of events with their rows.

    ``waiting``: of each piece that waits the file beside it (`write_side`), and its parts.
    ``earlier`` is the ``audit_earlier`` of the manifest; None: it was never counted.
    """

    source: str
    place: Place
    counts: Counts
    next_seq: int = 0
    late: int = 0
    parts: dict[str, int] = {}
    waiting: dict[str, list[str]] = {}
    rejects: list[str] = []
    audit: list[str] = []
    earlier: int | None = None
    archive: Sums = Sums()


def write_memory(folder: Path, facts: Facts, gathered: Gathered) -> None:
    """Write everything that is needed to go on, into a new folder."""
    inside = folder / _PLACE
    inside.mkdir(parents=True)
    was = gathered.was
    tables = {**was.tables(gathered.declared), "written": was.written, "pending": gathered.pending}
    for name, table in tables.items():
        plain = table.with_columns(pl.col(pl.Categorical).cast(pl.String))
        plain.write_parquet(inside / f"{name}.parquet", compression="zstd", compression_level=1)
    (inside / "facts.json").write_text(json.dumps(facts.model_dump(mode="json")), "utf-8")


def write_side(path: Path, rows: pl.DataFrame) -> None:
    """Write what is otherwise in the parts of a piece than it was in its ``rows``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows.select("seq", *_OWN).write_parquet(path, compression="zstd", compression_level=1)


def _waiting(out: Path, side: str, parts: list[str]) -> tuple[pl.DataFrame, Piece]:
    """Read a piece as it was before it was written; and the same as one that is to be looked at again."""
    own = _table(out / side, empty().select("seq", *_OWN))
    there = [conform(read_parquet(out / part)) for part in parts]
    rows = pl.concat(there).drop(_OWN).join(own, on="seq", how="left", validate="1:1")
    if rows.height != own.height:
        raise ValueError(f"{side} is of other rows than its parts")
    return conform(rows), Piece(rows.clear(), Was(), {}, parts, side)


def read_memory(out: Path, state: str, sensor: Sensor) -> tuple[Facts, Gathered]:
    """Read what `write_memory` wrote into the folder ``state`` of the capture ``out``.

    Raises
    ------
    RtmlError
        Something of it is missing or damaged.
    """
    folder = out / state
    inside = folder / _PLACE
    try:
        facts = Facts.model_validate_json((inside / "facts.json").read_text("utf-8"))
        wanted = {**NOTHING, "written": Was().written, "pending": empty()}
        names = [name for name in wanted if name != "heard"]
        tables = {name: _table(inside / f"{name}.parquet", wanted[name]) for name in names}
        tables["heard"] = _heard(inside / "heard.parquet", tables)
        pieces = [_waiting(out, side, parts) for side, parts in facts.waiting.items()]
        pending = [conform(tables["pending"]), *(rows for rows, _ in pieces)]
        images = conform(read_parquet(folder / "processes.parquet"), PROCESSES)
        gone = _table(folder / "gone.parquet", empty(GONE)) if (folder / "gone.parquet").is_file() else None
        archive = Archive(out, facts.archive, gone)
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise RtmlError(
            f"{folder}: what was known cannot be read ({error}); follow into a new capture"
        ) from error
    gathered = Gathered(
        sensor,
        facts.counts,
        Was(written=tables["written"]).with_tables(tables),
        pl.concat(pending),
        tables["declared"],
        facts.next_seq,
        late=facts.late,
        archive=archive,
        images=images,
        reopened=[piece for _, piece in pieces],
        seen=facts.next_seq,
    )
    return facts, gathered


def _table(path: Path, like: pl.DataFrame) -> pl.DataFrame:
    """Read a table; another one in its place is refused."""
    rows = read_parquet(path)
    lacking = [name for name in like.columns if name not in rows.columns]
    if lacking:
        raise pl.exceptions.ColumnNotFoundError(f"{path.name} has no column {lacking[0]}")
    return rows


def _heard(path: Path, tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Return when processes were heard of; captures of before do not tell it as exactly."""
    if path.is_file():
        return _table(path, NOTHING["heard"])
    known = tables["processes"].select(time="first_seen", process_id="key", target_id="key")
    rows = tables["kept"].select("time", "process_id", target_id="process_id")
    return heard_in(NOTHING["heard"], pl.concat([known, rows]))
