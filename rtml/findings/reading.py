"""Read a file of findings, whoever wrote it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rtml.errors import RtmlError, did_you_mean
from rtml.findings.jsonl import from_jsonl
from rtml.schema import FINDINGS, conform

__all__ = ["read_findings"]

_NEEDED = ("container_id", "first_seen", "last_seen", "detector", "source")


def read_findings(path: Path) -> pl.DataFrame:
    """Read a findings file (.parquet, or .jsonl as `rtml findings export` writes it).

    Raises
    ------
    RtmlError
        The file is missing, unreadable, or lacks a column.
    """
    try:
        if path.suffix in (".jsonl", ".json"):
            raw = from_jsonl(path.read_text("utf-8"))
        else:
            raw = pl.read_parquet(path)
        for name in _NEEDED:
            if name not in raw.columns or (
                # Findings about an API call are of no container.
                name != "container_id" and raw.height and raw[name].null_count() == raw.height
            ):
                raise RtmlError(f"{path}: no column {name!r}; {did_you_mean(name, raw.columns)}")
        return conform(raw, FINDINGS)
    except (OSError, UnicodeDecodeError, pl.exceptions.PolarsError) as error:
        first = str(error).splitlines()[0]
        raise RtmlError(f"{path}: not readable as findings ({first})") from error
