"""The data card: what a prepared set holds, made of which files, with what left out. ``card.json``."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import polars as pl
import pydantic

from rtml.datasets.contract import Dataset, Draft, Kind, Published
from rtml.errors import MissingFileError, RtmlError
from rtml.reading.state import State
from rtml.reading.text import read_text
from rtml.schema import feature_columns
from rtml.text import visible
from rtml.version import VERSION

__all__ = ["CARD", "Card", "InputFile", "SpanFacts", "card_of", "card_text", "read_card", "verified"]

CARD = "card.json"
_MOST_BYTES = 20_000_000
_SHOWN = 40


class InputFile(State):
    """A file that was read."""

    name: str
    bytes: int
    sha256: str


class PublishedFacts(State):
    """`rtml.datasets.contract.Published`."""

    who: str
    note: str
    found: int | None = None
    attacks: int | None = None
    false_share: float | None = None
    auroc: float | None = None


class SpanFacts(State):
    """`rtml.datasets.contract.Span`."""

    role: str
    captures: list[str]
    start: dt.datetime | None = None
    end: dt.datetime | None = None


class Card(State):
    """What a prepared set holds."""

    name: str
    kind: Kind
    what: str
    licence: str
    origin: str
    row: str
    row_seconds: float | None = None
    protocol: str
    published_protocol: str
    tried: str | None = None
    early: str = "refuse"
    rtml_version: str = VERSION
    counts: dict[str, int] = {}
    """Rows, or events, by role and label; parts, groups, attacks, features."""
    rejects: dict[str, int] = {}
    notes: list[str] = []
    inputs: list[InputFile] = []
    made: dict[str, str] = {}
    """SHA-256 of every table that was made."""
    every: str = "60s"
    spans: list[SpanFacts] = []
    published: list[PublishedFacts] = []

    def others(self) -> list[Published]:
        """Return what others published."""
        return [Published(**row.model_dump()) for row in self.published]


def card_of(dataset: Dataset, draft: Draft, source: Path, folder: Path) -> Card:
    """Return the card of a set whose tables lie in ``folder``; input files are named from ``source``."""
    reasons = draft.rejects.group_by("reason").len().sort("len", "reason", descending=[True, False])
    about: dict[str, Any] = {
        name: getattr(dataset, name)
        for name in Card.model_fields
        if name in Dataset.__dataclass_fields__ and name != "published"
    }
    others = [*draft.published, *dataset.published]
    return Card(
        **about,
        counts={**(_counts(draft.rows) if draft.rows is not None else {}), **draft.counts},
        rejects={str(reason): int(number) for reason, number in reasons.iter_rows()},
        notes=draft.notes,
        inputs=[_input(path, source) for path in draft.inputs],
        made={path.name: _digest(path) for path in sorted(folder.glob("*.parquet"))},
        every=draft.every,
        spans=[SpanFacts(**{**vars(span), "captures": list(span.captures)}) for span in draft.spans],
        published=[PublishedFacts(**vars(row)) for row in others],
    )


def _counts(rows: pl.DataFrame) -> dict[str, int]:
    label = pl.col("attack").replace_strict({0: "benign", 1: "attack"}, default="left out")
    cells = rows.group_by("role", label.alias("label")).len().sort("role", "label")
    return {
        "rows": rows.height,
        **{f"{role}, {what}": int(number) for role, what, number in cells.iter_rows()},
        **{f"{name}s": rows[name].n_unique() for name in ("part", "group")},
        "attacks": rows.filter(pl.col("role") == "test")["attack_id"].drop_nulls().n_unique(),
        "features": len(feature_columns(rows)),
    }


def _input(path: Path, source: Path) -> InputFile:
    name = path.relative_to(source).as_posix() if path.is_relative_to(source) else path.name
    return InputFile(name=visible(name or path.name), bytes=path.stat().st_size, sha256=_digest(path))


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_card(folder: Path) -> Card:
    """Read the card of a prepared set.

    Raises
    ------
    RtmlError
        There is none, or it is not as it was written.
    """
    path = folder / CARD
    try:
        return Card.model_validate_json(read_text(path, _MOST_BYTES))
    except pydantic.ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise RtmlError(f"{path}: not a data card ({where or 'JSON'}: {fault['msg']})") from error


def verified(folder: Path) -> Card:
    """Return the card of a prepared set whose tables are as they were made.

    Raises
    ------
    RtmlError
        A table is missing or was changed since: labels that somebody edited are no published labels.
    """
    card = read_card(folder)
    for name, digest in card.made.items():
        path = folder / name
        if not path.is_file():
            raise MissingFileError(f"{path}: missing; prepare {card.name} again")
        if _digest(path) != digest:
            raise RtmlError(
                f"{path}: not as it was prepared (its SHA-256 differs); prepare {card.name} again"
            )
    return card


def card_text(card: Card) -> str:
    """Return the card as a page of Markdown."""
    facts = {
        "licence": card.licence,
        "from": card.origin,
        "a row is": card.row,
        "our protocol": card.protocol,
        "published protocol": card.published_protocol,
        "tried on real files": card.tried or "no: only on small files made in the documented format",
        "made by": f"rtml {card.rtml_version}",
    }
    lines = [f"# {card.name}", "", card.what, "", *(f"- {name}: {value}" for name, value in facts.items())]
    lines += [
        "",
        "| count | |",
        "|---|---|",
        *(f"| {name} | {value:,} |" for name, value in card.counts.items()),
    ]
    refused = [f"| {_cell(why)} | {number:,} |" for why, number in card.rejects.items()]
    lines += ["", "| rejected because | |", "|---|---|", *(refused or ["| nothing was | 0 |"])]
    lines += ["", *(f"- {note}" for note in card.notes), ""]
    lines += ["| made | SHA-256 |", "|---|---|", *(f"| {name} | {sha} |" for name, sha in card.made.items())]
    files = [f"| {_cell(file.name)} | {file.bytes:,} | {file.sha256} |" for file in card.inputs[:_SHOWN]]
    lines += ["", "| input | bytes | SHA-256 |", "|---|---|---|", *files]
    more = len(card.inputs) - _SHOWN
    return "\n".join([*lines, *([f"\nand {more:,} files more: `card.json`"] if more > 0 else []), ""])


def _cell(text: str) -> str:
    return visible(text).replace("|", "\\|").replace("<", "&lt;")
