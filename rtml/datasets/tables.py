"""Tables that users bring, as text: every column as it was written, rows that do not fit refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from rtml.captures.sensors.beth.csv_rows import header_of, load, rows_of
from rtml.errors import MissingError, RtmlError, did_you_mean
from rtml.reading.parquet import read_parquet
from rtml.schema import REJECTS

__all__ = ["csv_table", "parquet_table", "refused", "require_columns"]


def require_columns(names: Sequence[str], wanted: Sequence[str], where: Path | str) -> None:
    """Raise when a column is missing; the nearest one that is there is named."""
    for name in wanted:
        if name not in names:
            raise MissingError(f"{where}: no column {name!r}; {did_you_mean(name, names)}")


def parquet_table(path: Path, wanted: Sequence[str]) -> pl.DataFrame:
    """Read a Parquet file that must have some columns."""
    try:
        table = read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RtmlError(f"{path}: cannot be read as Parquet ({str(error).splitlines()[0]})") from error
    require_columns(table.columns, wanted, path)
    return table


def csv_table(
    path: Path, wanted: Sequence[str], maybe: Sequence[str] = ()
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read columns of a CSV file as text, with ``line``; plain or packed.

    Returns
    -------
    The rows, and `rtml.schema.REJECTS`: rows of another width, and what is wrong with the file's end.
    """
    text, problem = load(path)
    header = header_of(text.text[: 1 << 16].encode())
    require_columns(header, wanted, path)
    rows = rows_of(path, text, [*wanted, *(name for name in maybe if name in header)])
    end = [] if problem is None else [(path.name, rows.table.height + 2, problem, "")]
    rejects = pl.concat([rows.rejects, pl.DataFrame(end, schema=REJECTS, orient="row")])
    return rows.table, rejects.with_columns(file=pl.lit(path.name))


def refused(rows: pl.DataFrame, file: str, reason: str, text: str) -> pl.DataFrame:
    """Return rows (with ``line``) as rejects; ``text`` is the column that shows why.

    Examples
    --------
    >>> refused(pl.DataFrame({"line": [3], "at": ["soon"]}), "a.csv", "no time", "at").row(0)
    ('a.csv', 3, 'no time', 'soon')
    """
    shown = pl.col(text).cast(pl.String).fill_null("").str.slice(0, 200)
    return rows.select(
        file=pl.lit(file), line=pl.col("line").cast(pl.Int64), reason=pl.lit(reason), text=shown
    ).cast(REJECTS)
