"""Name the part of a capture whose content cannot be decoded, also where Polars panics over it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from rtml.errors import RtmlError, first_line

__all__ = ["UNDECODABLE", "naming_parts"]

UNDECODABLE = (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException)
"""What reading damaged Parquet raises; a panic of Rust is no `Exception`."""


@contextmanager
def naming_parts(folder: str, what: str) -> Iterator[None]:
    """Turn what reading raises into an error that names the first part that cannot be read by itself.

    Parameters
    ----------
    folder
        The capture; its parts are looked for below it where it is local.
    what
        Is said where no single part is at fault.

    Raises
    ------
    RtmlError
        Anything of `UNDECODABLE` was raised inside.
    """
    try:
        yield
    except UNDECODABLE as error:
        for part in sorted(Path(folder).rglob("*.parquet")):
            reason = _reason(part)
            if reason:
                raise RtmlError(f"{part}: damaged ({reason}); import the capture again") from error
        raise RtmlError(f"{folder}: {what} cannot be read ({first_line(error)})") from error


def _reason(part: Path) -> str:
    try:
        pl.read_parquet(part, glob=False, hive_partitioning=False)
    except UNDECODABLE as error:
        return first_line(error)
    return ""
