"""Parquet by its name as it stands: whole, its columns, and its rows some ten thousand at a time."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from rtml.errors import RtmlError, unreadable
from rtml.reading.content import opened

__all__ = ["is_parquet", "parquet_columns", "parquet_rows", "read_parquet", "refuse_damaged"]

_MAGIC = b"PAR1"
_ROWS = 1 << 16
_MOST_VERIFIED = 64_000_000
_DAMAGED = (pa.ArrowException, OSError, UnicodeDecodeError)
"""What Arrow says of damaged files; some of its messages cannot be decoded themselves."""


def is_parquet(head: bytes) -> bool:
    """Say whether a file that begins so, unpacked, is Parquet.

    Examples
    --------
    >>> is_parquet(b"PAR1..."), is_parquet(b"{}")
    (True, False)
    """
    return head.startswith(_MAGIC)


def read_parquet(path: Path, columns: list[str] | None = None) -> pl.DataFrame:
    """Read a whole file; ``*``, ``?`` and ``[`` in its name, or in that of its folder, are letters.

    Raises
    ------
    OSError
        No such file.
    polars.exceptions.PolarsError
        Not Parquet, or damaged, also where Polars itself would panic.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a[1].parquet"
    >>> pl.DataFrame({"a": [1]}).write_parquet(path)
    >>> read_parquet(path).rows()
    [(1,)]
    """
    refuse_damaged(path)
    try:
        return pl.read_parquet(path, columns=columns, glob=False, hive_partitioning=False)
    except pl.exceptions.PanicException as error:
        raise pl.exceptions.ComputeError(f"damaged ({str(error).partition(chr(10))[0]})") from error


def refuse_damaged(path: Path) -> None:
    """Decode a file that may come from anywhere with Arrow first, unless it is large.

    One flipped byte can make Polars ask for exabytes, and that ends the process with no error to catch.

    Raises
    ------
    polars.exceptions.ComputeError
        It is damaged.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.parquet"
    >>> pl.DataFrame({"a": [1]}).write_parquet(path)
    >>> refuse_damaged(path)
    """
    if not path.is_file() or path.stat().st_size > _MOST_VERIFIED:
        return
    try:
        parts = pq.ParquetFile(path)
    except _DAMAGED:
        return  # Polars says what is wrong with its footer
    try:
        for _ in parts.iter_batches(_ROWS):
            pass
    except _DAMAGED as error:
        raise pl.exceptions.ComputeError(f"damaged ({str(error).partition(chr(10))[0]})") from error


def parquet_columns(path: Path) -> list[str]:
    """Return the names of the columns, none where the file is cut or damaged.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a"
    >>> pl.DataFrame({"a": [1], "b": [{"c": 2}]}).write_parquet(path)
    >>> parquet_columns(path)
    ['a', 'b']
    """
    try:
        with _parquet(path) as file:
            return list(file.schema_arrow.names)
    except RtmlError:
        return []


def parquet_rows(path: Path, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
    """Yield the rows of a file, in their order, some ten thousand at a time.

    Parameters
    ----------
    path
        Parquet, plain or packed.
    columns
        Which are wanted; those that the file does not have are left out. None: all.

    Raises
    ------
    RtmlError
        No such file, or none that can be read as Parquet.
    """
    with _parquet(path) as file:
        there = file.schema_arrow.names
        wanted = [name for name in there if columns is None or name in columns]
        if len(set(there)) < len(there):
            raise RtmlError(f"{path}: two columns of one name")
        for batch in file.iter_batches(batch_size=_ROWS, columns=wanted):
            yield pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch])))


@contextmanager
def _parquet(path: Path) -> Iterator[pq.ParquetFile]:
    try:
        with opened(path) as (stream, _), path.open("rb") as raw:
            plain = raw.read(len(_MAGIC)) == _MAGIC
            yield pq.ParquetFile(path if plain else io.BytesIO(stream.read()))
    except pa.ArrowException as error:
        raise RtmlError(f"{path}: cannot be read as Parquet: {str(error).splitlines()[0]}") from error
    except OSError as error:
        if error.errno is not None:
            raise unreadable(path, error) from error
        raise RtmlError(f"{path}: cannot be read as Parquet: {str(error).splitlines()[0]}") from error
