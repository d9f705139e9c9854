"""A baseline on disk: ``counts.parquet`` and a small ``baseline.json``. No pickle anywhere.

The header carries the SHA-256 of the table, so a truncated or altered file is refused with a
message and never half believed.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import polars as pl

from rtml.baselines.counting import COUNTS
from rtml.errors import MissingFileError, RtmlError
from rtml.reading.json_text import json_of
from rtml.reading.parquet import read_parquet
from rtml.reading.whole import write_text

__all__ = ["FORMAT", "read", "write"]

FORMAT = 3
"""Version of the folder's layout."""

_TABLE, _HEADER = "counts.parquet", "baseline.json"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write(counts: pl.DataFrame, path: Path) -> None:
    """Write a count table and its header into the folder ``path``.

    The header goes last and in one rename: a folder without it is not a baseline.
    """
    path.mkdir(parents=True, exist_ok=True)
    counts.write_parquet(path / _TABLE, compression="zstd")
    header = {"format": FORMAT, "rows": counts.height, "sha256": _digest(path / _TABLE)}
    write_text(path / _HEADER, json.dumps(header, indent=1) + "\n")


def _header(path: Path) -> dict[str, object]:
    try:
        header = json_of((path / _HEADER).read_text())
    except OSError as error:
        raise MissingFileError(f"{path}: not a baseline ({_HEADER}: {error.strerror or error})") from error
    except ValueError as error:
        raise RtmlError(f"{path}: not a baseline ({_HEADER}: {error})") from error
    if not isinstance(header, dict) or not isinstance(header.get("format"), int):
        raise RtmlError(f"{path / _HEADER}: not the header of a baseline")
    if header["format"] != FORMAT:
        age = "an older" if header["format"] < FORMAT else "a newer"
        raise RtmlError(
            f"{path}: a baseline of {age} format, {header['format']}; this rtml reads format {FORMAT}:"
            " learn it again"
        )
    return header


def _validate(counts: pl.DataFrame, table: Path) -> None:
    if counts.schema != COUNTS:
        raise RtmlError(f"{table}: columns are {dict(counts.schema)}, expected {dict(COUNTS)}")
    if counts.select((pl.col("count") < 0).any()).item():
        raise RtmlError(f"{table}: column 'count' holds negative numbers")
    if counts.select("family", "key", "container").null_count().sum_horizontal().item():
        raise RtmlError(f"{table}: null in 'family', 'key' or 'container'")


def read(path: Path) -> pl.DataFrame:
    """Read the count table of the folder ``path``.

    Raises
    ------
    RtmlError
        When the folder is missing, is not a baseline, or was altered after it was written.
    """
    header, table = _header(path), path / _TABLE
    try:
        if _digest(table) != header.get("sha256"):
            raise RtmlError(f"{table}: altered since it was written (SHA-256 differs)")
        counts = read_parquet(table)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RtmlError(f"{table}: cannot be read ({error})") from error
    _validate(counts, table)
    return counts
