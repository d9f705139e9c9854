"""The state of a watch on disk: folders of one commit each, and a file that names the one that counts."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from dataclasses import dataclass, field, fields
from pathlib import Path

import polars as pl
import pydantic

from rtml.errors import RtmlError
from rtml.models.model import Model
from rtml.models.resuming import read_progress, write_progress
from rtml.reading.parquet import read_parquet
from rtml.reading.whole import whole_folder
from rtml.rules.running.ruling import Ruling
from rtml.watching.evidence import Evidence
from rtml.watching.ledger import Told

__all__ = ["BEGINNING", "Kept", "Position", "keep", "kept"]

BEGINNING = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""Before any event."""


class Position(pydantic.BaseModel):
    """How far a watch has come, and what it said.

    ``ruled_until``, ``seen_until`` and ``settled_until``: borders of the first look, of the rules and of the
    model, and of the second. ``next_seq``: events with
    smaller numbers have come. ``clocks``: newest time of each host. ``lines``: what the last telling is.
    """

    number: int = 0
    ruled_until: dt.datetime = BEGINNING
    seen_until: dt.datetime = BEGINNING
    settled_until: dt.datetime = BEGINNING
    next_seq: int = 0
    clocks: dict[str, dt.datetime] = {}
    told: dict[str, Told] = {}
    lines: list[str] = []
    counts: dict[str, int] = {}


@dataclass
class Kept:
    """Everything that the next look needs beside the model."""

    position: Position = field(default_factory=Position)
    ruling: Ruling = field(default_factory=Ruling)
    evidence: Evidence = field(default_factory=Evidence)


def keep(place: Path, state: Kept, model: Model | None, digest: str) -> None:
    """Write a commit; it counts from one moment to the next, or not at all."""
    number = state.position.number
    folder = place / f"{number:08d}"
    shutil.rmtree(folder, ignore_errors=True)  # of a commit that never came to its end
    with whole_folder(folder) as half:
        for name, part in (("ruling", state.ruling), ("evidence", state.evidence)):
            for one in fields(part):
                table: pl.DataFrame = getattr(part, one.name)
                table.write_parquet(half / f"{name}-{one.name}.parquet", compression="lz4")
        (half / "position.json").write_text(state.position.model_dump_json(), "utf-8")
        if model is not None:
            write_progress(model, digest, half / "model")
    half_name = place / ".current"
    with half_name.open("w", encoding="ascii") as file:
        file.write(folder.name)
        file.flush()
        os.fsync(file.fileno())
    os.replace(half_name, place / "current")
    for other in place.glob("[0-9]*"):
        if other.name != folder.name:
            shutil.rmtree(other, ignore_errors=True)


def kept(place: Path, model: Model | None, digest: str) -> Kept | None:
    """Return what the last commit kept, and bring the model to it; None where there is none.

    Raises
    ------
    RtmlError
        It cannot be read, or is of a watch with another model, or without one.
    """
    current = place / "current"
    if not current.is_file():
        return None
    folder = place / current.read_text("ascii", "replace").strip()
    try:
        position = Position.model_validate_json((folder / "position.json").read_text("utf-8"))
        ruling, evidence = (
            kind(**{one.name: read_parquet(folder / f"{name}-{one.name}.parquet") for one in fields(kind)})
            for name, kind in (("ruling", Ruling), ("evidence", Evidence))
        )
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        reason = f"{folder}: cannot be read ({error}); watch with a new state"
        raise RtmlError(reason, argument="state") from error
    if (folder / "model").is_dir() != (model is not None):
        before = "without a model" if model is not None else "with a model"
        raise RtmlError(f"{place}: was begun {before}; choose another place", argument="state")
    if model is not None:
        read_progress(model, digest, folder / "model")
    return Kept(position, ruling, evidence)  # type: ignore[arg-type]
