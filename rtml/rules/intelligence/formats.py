"""File formats of lists: text to raw entries, one row each, with the line they came from."""

from __future__ import annotations

import csv
from collections.abc import Callable

import polars as pl

from rtml.errors import RtmlError, did_you_mean
from rtml.rules.intelligence.description import ListDescription
from rtml.rules.intelligence.stix import indicators

__all__ = ["FORMATS", "RAW"]

RAW = pl.Schema({"line": pl.Int64, "value": pl.String, "reason": pl.String})
"""Raw entries; ``reason`` is null, or says why there is none."""


def _plain(text: str, description: ListDescription) -> pl.DataFrame:
    r"""One entry a line; what follows ``#`` or ``;`` is a comment, ``//`` begins a comment line."""
    lines = pl.DataFrame({"value": text.split("\n")}).with_row_index("line", 1)
    bare = pl.col("value").str.replace(r"(?:^|\s)[#;].*$", "").str.strip_chars()
    many = pl.when(pl.col("value").str.contains(r"\s")).then(pl.lit("more than one word"))
    return (
        lines.with_columns(bare)
        .filter((pl.col("value") != "") & ~pl.col("value").str.starts_with("//"))
        .select(pl.col("line").cast(pl.Int64), "value", reason=many)
    )


def _csv(text: str, description: ListDescription) -> pl.DataFrame:
    """One column of a CSV file; lines that begin with ``#`` are comments."""
    reader = csv.reader(
        ("\n" if line.startswith("#") else line for line in text.splitlines(keepends=True)), strict=True
    )
    lines: list[int] = []
    values: list[str | None] = []
    at = None if isinstance(description.column, str) else description.column - 1
    try:
        for row in reader:
            if not row:
                continue
            if at is None:
                at = _position(row, description)
                continue
            lines.append(reader.line_num)
            values.append(row[at].strip() if 0 <= at < len(row) else None)
    except csv.Error as error:
        raise RtmlError(f"{description.file}: line {reader.line_num}: not CSV ({error})") from error
    short = pl.when(pl.col("value").fill_null("") == "").then(
        pl.lit(f"nothing in column {description.column}")
    )
    return pl.DataFrame(
        {"line": lines, "value": values}, schema={"line": pl.Int64, "value": pl.String}
    ).with_columns(reason=short)


def _position(header: list[str], description: ListDescription) -> int:
    names = [name.strip() for name in header]
    if description.column not in names:
        hint = did_you_mean(str(description.column), names)
        raise RtmlError(f"{description.file}: no column {description.column!r}; {hint}")
    return names.index(str(description.column))


def _stix(text: str, description: ListDescription) -> pl.DataFrame:
    return pl.DataFrame(indicators(text, description.file), schema=RAW, orient="row")


FORMATS: dict[str, Callable[[str, ListDescription], pl.DataFrame]] = {
    "plain": _plain,
    "csv": _csv,
    "stix": _stix,
}
"""Readers by the name that a description gives; each yields `RAW`."""
