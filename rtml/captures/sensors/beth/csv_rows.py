"""Rows of a CSV file as text, with the rows that do not fit counted and kept."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv

from rtml.errors import RtmlError
from rtml.reading.escapes import Decoded, decoded
from rtml.reading.lines import read_raw
from rtml.schema import REJECTS

__all__ = ["Rows", "header_of", "integer", "load", "reject", "rows_of"]

_MOST_PASSES = 20
"""So often rows that swallowed others are taken apart; behind that they stay rejects as they are."""
_BLOCK = 1 << 26  # bytes; a row, its longest command line included, must fit into one block


@dataclass(frozen=True)
class Rows:
    """Rows of the wanted columns with their ``line`` (record number, header = 1), and the rest."""

    table: pl.DataFrame
    rejects: pl.DataFrame


def load(path: Path) -> tuple[Decoded, str | None]:
    """Return a file's text, and what is wrong with its end; plain or packed.

    Raises
    ------
    RtmlError
        No such file, a folder, an unreadable file, or an empty one.
    """
    raw, problem = read_raw(path)
    return decoded(raw), problem


def header_of(raw: bytes) -> list[str]:
    r"""Return the column names in the first row.

    Examples
    --------
    >>> header_of(b'timestamp,"processId"\n1,2')
    ['timestamp', 'processId']
    """
    line = raw[: 1 << 16].removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n", 1)[0]
    text = line.decode("utf-8", "replace").strip()
    try:
        return next(csv.reader(io.StringIO(text)), [])
    except csv.Error:
        return []


def rows_of(path: Path, text: Decoded, wanted: Collection[str]) -> Rows:
    """Split a CSV file into rows; one with too few or too many fields is a reject.

    Parameters
    ----------
    path
        For messages.
    text
        The content, with a header.
    wanted
        Columns to keep; those that the header lacks are left out. All are text, empty is null.

    Returns
    -------
    The rows; all but ``args``, which is text within text, as `rtml.reading.escapes` says. A line that ends
    inside a quoted field is a reject; those behind it, which the quote would swallow, are read by themselves.
    """
    raw = text.text.encode()
    raw = raw if b"\n" in raw else raw + b"\n"  # the parser wants an end to a lone header
    present = [name for name in header_of(raw) if name in wanted]
    cut: dict[str, str] = {}
    try:
        table, odd = _fitting(raw, present)
        for _ in range(_MOST_PASSES):
            swallowing = [row for *_, row in odd if "\n" in row.strip()]
            if not swallowing:
                break
            raw = _cut_apart(raw, swallowing, cut)
            table, odd = _fitting(raw, present)
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise RtmlError(f"{path}: not a readable CSV file ({error})") from error
    frame = pl.DataFrame(pl.from_arrow(table))
    frame = frame.with_columns(text.readable_column(pl.col(n)) for n in frame.columns if n != "args")
    lines = np.setdiff1d(np.arange(2, frame.height + len(odd) + 2), [line for line, *_ in odd])
    rejects = [(str(path), line, reason, cut.get(row, row)[:200]) for line, reason, row in odd]
    return Rows(
        frame.insert_column(0, pl.Series("line", lines, pl.Int64)),
        pl.DataFrame(rejects, schema=REJECTS, orient="row"),
    )


def _fitting(raw: bytes, columns: list[str]) -> tuple[pa.Table, list[tuple[int, str, str]]]:
    """Return the rows that fit the header, and place, reason and text of the others."""
    odd: list[tuple[int, str, str]] = []

    def refuse(row: pa_csv.InvalidRow) -> str:
        reason = f"{row.actual_columns} fields where the header has {row.expected_columns}"
        odd.append((row.number, reason, row.text))
        return "skip"

    return _parsed(raw, columns, refuse), odd


def _cut_apart(raw: bytes, swallowing: list[str], cut: dict[str, str]) -> bytes:
    """Make one field of the first line of rows that run over several; ``cut`` keeps what it was."""
    parts, at = list[bytes](), 0
    for row in swallowing:
        first = row.lstrip("\n").partition("\n")[0]
        start = raw.find(row.encode(), at) + len(row) - len(row.lstrip("\n"))
        shut = first.replace('"', "'").replace(",", ";")
        cut[shut] = cut.get(first, first)
        parts += [raw[at:start], shut.encode()]
        at = start + len(first.encode())
    return b"".join([*parts, raw[at:]])


def _parsed(raw: bytes, columns: list[str], refuse: pa_csv.InvalidRowHandler) -> pa.Table:
    return pa_csv.read_csv(
        pa.BufferReader(raw),
        # One thread: only then does the handler learn the number of the row.
        read_options=pa_csv.ReadOptions(use_threads=False, block_size=_BLOCK),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=refuse),
        convert_options=pa_csv.ConvertOptions(
            include_columns=columns,
            column_types=dict.fromkeys(columns, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
        ),
    )


def integer(column: str) -> pl.Expr:
    """Read a column of texts as whole numbers; what tools that merge files wrote as ``201.0`` too.

    Examples
    --------
    >>> texts = pl.DataFrame({"pid": ["7", "7.0", "-1.00", "7.5", "x", None]})
    >>> texts.select(integer("pid"))["pid"].to_list()
    [7, 7, -1, None, None, None]
    """
    return pl.col(column).str.replace(r"^(-?\d+)\.0+$", "${1}").cast(pl.Int64, strict=False)


def reject(path: Path, rows: pl.DataFrame, reason: pl.Expr) -> pl.DataFrame:
    """Make rejects of rows: ``line``, the reason, and the row's first 200 characters."""
    text = pl.concat_str(pl.exclude("line").cast(pl.String), separator=",", ignore_nulls=True)
    return rows.select(file=pl.lit(str(path)), line="line", reason=reason, text=text.str.slice(0, 200))
