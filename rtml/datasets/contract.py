"""What a data set is to rtml: what it holds, who published what on it, and how its files are read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import polars as pl

from rtml.datasets.rows import Early
from rtml.schema import REJECTS

__all__ = ["EVENT_LABELS", "Dataset", "Draft", "Kind", "Published", "Span", "is_dataset"]

Kind = Literal["rows", "events", "experiment"]
"""``rows``: a labelled table (`rtml.datasets.rows`). ``events``: captures with a role each and labels of
single events. ``experiment``: a capture with labelled attacks, judged as ``rtml experiment run`` judges."""

EVENT_LABELS = pl.Schema(
    {
        "capture": pl.String(),
        "host": pl.String(),
        "seq": pl.Int64(),
        "attack": pl.Int8(),
        "attack_id": pl.String(),
    }
)
"""One row per labelled event of a capture; events without a row count as benign."""


@dataclass(frozen=True)
class Published:
    """What others reached. What they did not say is null; ``note`` says what they measured, and where."""

    who: str
    note: str
    found: int | None = None
    attacks: int | None = None
    false_share: float | None = None
    auroc: float | None = None


@dataclass(frozen=True)
class Span:
    """Captures (names below the prepared set), what they are for, and which time of them; null: all."""

    role: str
    captures: tuple[str, ...]
    start: dt.datetime | None = None
    end: dt.datetime | None = None


@dataclass(frozen=True)
class Draft:
    """What the files of a set held, before it is written.

    ``rows`` of the kind ``rows``; ``spans``, ``labels`` and ``every`` of the kind ``events``;
    ``experiment``, the settings, of the kind ``experiment``. ``records`` counts what the input held, by file
    name.
    """

    inputs: list[Path]
    rows: pl.DataFrame | None = None
    rejects: pl.DataFrame = field(default_factory=REJECTS.to_frame)
    notes: list[str] = field(default_factory=list)
    published: list[Published] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    labels: pl.DataFrame = field(default_factory=EVENT_LABELS.to_frame)
    every: str = "60s"
    experiment: dict[str, object] | None = None
    counts: dict[str, int] = field(default_factory=dict)


Read: TypeAlias = Callable[[Path, Path], Draft]


@dataclass(frozen=True)
class Dataset:
    """One public data set, or one of ours.

    Parameters
    ----------
    name
        How commands call it.
    read
        From the folder of the user's files, and a new folder that captures may be written into, to a `Draft`.
        It downloads nothing.
    signs
        Patterns of paths in that folder; where none matches it is the folder of something else.
    folders
        What the folder may be called beside the set's own name.
    row
        What one row is, in words: "window of 100 ms".
    row_seconds
        How much time of one container a row is; null where rows are no time: rates are then per row.
    tried
        Which real files it was tried on; null: none, only on small files in the documented format.
    early
        What is done about labelled attacks before the test.
    """

    name: str
    kind: Kind
    what: str
    licence: str
    size: str
    origin: str
    row: str
    published_protocol: str
    protocol: str
    read: Read
    signs: tuple[str, ...]
    folders: tuple[str, ...] = ()
    row_seconds: float | None = None
    tried: str | None = None
    early: Early = "refuse"
    published: tuple[Published, ...] = ()


def is_dataset(candidate: object) -> bool:
    """Say whether something is a data set.

    Examples
    --------
    >>> is_dataset("cdl")
    False
    """
    return isinstance(candidate, Dataset)
