"""Rows of a label file that people write: CSV and JSON lines, with the line in every error."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from rtml.errors import RtmlError
from rtml.reading.json_text import json_value
from rtml.reading.text import read_text
from rtml.schema import LABELS, empty

__all__ = ["ROWS", "read_rows"]

_MOST_BYTES = 256_000_000
Rows = list[dict[str, Any]]


def _csv(text: str, path: Path) -> Rows:
    try:
        return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as fault:
        raise RtmlError(f"labels {path}: not readable as CSV ({fault})") from fault


def _jsonl(text: str, path: Path) -> Rows:
    lines = ((n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip())
    return [_json_row(line, f"labels {path}: line {n}") for n, line in lines]


def _json_row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json_value(line)
    except ValueError as fault:
        raise RtmlError(f"{where} is not JSON ({fault})") from fault
    if not isinstance(row, dict):
        raise RtmlError(f"{where} is not a JSON object")
    return row


ROWS: dict[str, Callable[[str, Path], Rows]] = {".csv": _csv, ".jsonl": _jsonl, ".ndjson": _jsonl}
"""How each text ending is read."""


def read_rows(path: Path) -> pl.DataFrame:
    """Read a text label file: known columns only, times as text or numbers, ``""`` as null.

    A column that no row names stays absent, so that the caller can say which one is missing.
    """
    rows = ROWS[path.suffix](read_text(path, _MOST_BYTES), path)
    if not rows:
        return empty(LABELS)
    names = list(dict.fromkeys(name for row in rows for name in row if isinstance(name, str)))
    columns = {name: [_cell(row.get(name)) for row in rows] for name in names}
    return pl.DataFrame(
        [_column(name, cells, path) for name, cells in columns.items() if name in LABELS]
        + [pl.Series(name, [None] * len(rows), pl.Null) for name in names if name not in LABELS]
    )


def _cell(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _column(name: str, cells: list[Any], path: Path) -> pl.Series:
    if LABELS[name] != pl.Int64:
        return pl.Series(name, [None if c is None else str(c) for c in cells], pl.String)
    try:
        return pl.Series(name, [None if c is None else int(c) for c in cells], pl.Int64)
    except (ValueError, TypeError, OverflowError) as fault:
        raise RtmlError(f"labels {path}: {name} is not a 64-bit integer ({fault})") from fault
