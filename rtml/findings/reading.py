"""Read a file of findings, whoever wrote it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rtml.errors import MissingError, MissingFileError, RtmlError, did_you_mean
from rtml.findings.jsonl import from_jsonl
from rtml.reading.parquet import read_parquet
from rtml.reading.text import read_text
from rtml.schema import FINDINGS, conform

__all__ = ["FINDINGS_FILE", "read_findings"]

FINDINGS_FILE = "findings.parquet"
"""What holds the findings in a folder of results."""

_MOST_BYTES = 2_000_000_000
_NEEDED = ("container_id", "first_seen", "last_seen", "detector", "source")


def read_findings(path: Path) -> pl.DataFrame:
    """Read a findings file (.parquet, or .jsonl as `rtml findings export` writes it).

    A folder stands for the ``findings.parquet`` in it, as `rtml score`, `rtml experiment run` make it.

    Raises
    ------
    MissingFileError
        There is no such file.
    MissingError
        It lacks a column.
    RtmlError
        It is unreadable.
    """
    try:
        if path.is_dir():
            path = path / FINDINGS_FILE
        if path.suffix in (".jsonl", ".json"):
            raw = from_jsonl(read_text(path, _MOST_BYTES))
        else:
            raw = read_parquet(path)
        for name in _NEEDED:
            if name not in raw.columns:
                raise MissingError(f"{path}: no column {name!r}; {did_you_mean(name, raw.columns)}")
            # Findings about an API call are of no container.
            if name != "container_id" and raw.height and raw[name].null_count() == raw.height:
                raise MissingError(f"{path}: no finding has a {name!r}; every one needs it")
        return _without_nothing(conform(raw, FINDINGS))
    except RtmlError as error:
        if isinstance(error, MissingError):
            raise
        raise RtmlError(f"{path}: not readable as findings ({error})") from error
    except FileNotFoundError as error:
        raise MissingFileError(f"{path}: no such file of findings") from error
    except (OSError, pl.exceptions.PolarsError) as error:
        first = str(error).splitlines()[0]
        raise RtmlError(f"{path}: not readable as findings ({first})") from error


def _without_nothing(findings: pl.DataFrame) -> pl.DataFrame:
    """Leave out of every list what is null, and reasons that name nothing."""
    lists = [pl.col(name).list.drop_nulls() for name, kind in FINDINGS.items() if isinstance(kind, pl.List)]
    named = pl.element().filter(pl.element().struct.field("feature").is_not_null())
    return findings.with_columns(lists).with_columns(pl.col("contributions").list.eval(named))
