"""What a follower knows, on disk: read again after it was stopped or killed."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pydantic

from rtml.captures.counting import Counts
from rtml.captures.following.gathering import Gathered, Was
from rtml.captures.following.knowing import Known
from rtml.captures.following.place import Place
from rtml.captures.sensors import Sensor
from rtml.errors import RtmlError
from rtml.reading.parquet import read_parquet
from rtml.schema import conform

__all__ = ["Facts", "read_memory", "write_memory"]

_PLACE = "memory"
_TABLES = ("pids", "processes", "given", "kept", "written", "declared", "pending")


class Facts(pydantic.BaseModel):
    """What is no table. ``parts`` are the files of events with their rows."""

    source: str
    place: Place
    counts: Counts
    next_seq: int = 0
    late: int = 0
    parts: dict[str, int] = {}
    rejects: list[str] = []
    audit: list[str] = []


def write_memory(folder: Path, facts: Facts, gathered: Gathered) -> None:
    """Write everything that is needed to go on, into a new folder."""
    inside = folder / _PLACE
    inside.mkdir(parents=True)
    was = gathered.was
    known = was.known
    tables = (
        known.pids,
        known.processes,
        known.given,
        was.kept,
        was.written,
        gathered.declared,
        gathered.pending,
    )
    for name, table in zip(_TABLES, tables, strict=True):
        plain = table.with_columns(pl.col(pl.Categorical).cast(pl.String))
        plain.write_parquet(inside / f"{name}.parquet", compression="zstd", compression_level=1)
    (inside / "facts.json").write_text(json.dumps(facts.model_dump(mode="json")), "utf-8")


def read_memory(folder: Path, sensor: Sensor) -> tuple[Facts, Gathered]:
    """Read what `write_memory` wrote.

    Raises
    ------
    RtmlError
        Something of it is missing or damaged.
    """
    inside = folder / _PLACE
    try:
        facts = Facts.model_validate_json((inside / "facts.json").read_text("utf-8"))
        tables = {name: read_parquet(inside / f"{name}.parquet") for name in _TABLES}
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise RtmlError(
            f"{folder}: what was known cannot be read ({error}); follow into a new capture"
        ) from error
    known = Known(tables["pids"], tables["processes"], tables["given"])
    gathered = Gathered(
        sensor,
        facts.counts,
        Was(known, tables["kept"], tables["written"]),
        conform(tables["pending"]),
        tables["declared"],
        facts.next_seq,
        late=facts.late,
    )
    return facts, gathered
