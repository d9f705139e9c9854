"""Lines of a log file that may be packed or cut off: nothing is lost in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from rtml.errors import RtmlError
from rtml.reading.content import opened

__all__ = ["lines_of", "read_raw"]


def read_raw(path: Path) -> tuple[bytes, str | None]:
    """Return the bytes of a file, plain or packed, and what is wrong with its end.

    Raises
    ------
    RtmlError
        No such file, a folder, an unreadable file, or an empty one.
    """
    with opened(path) as (stream, content):
        raw = stream.read()
    if not raw or raw.isspace():
        raise RtmlError(f"{path}: the file is empty")
    return raw, content.problem


def lines_of(text: str) -> pl.Series:
    r"""Return the lines of a text; they end with LF or CR LF.

    Examples
    --------
    >>> lines_of("one\r\ntwo").to_list()
    ['one', 'two']
    """
    raw = text.encode()
    ends = np.flatnonzero(np.frombuffer(raw, np.uint8) == ord("\n")) + 1
    borders = np.concatenate(([0], ends, [len(raw)]), dtype=np.int64)
    pieces = pa.LargeStringArray.from_buffers(len(ends) + 1, pa.py_buffer(borders), pa.py_buffer(raw))
    lines = pl.Series("line", pieces)
    return (lines.str.strip_suffix("\r\n") if b"\r\n" in raw else lines).str.strip_suffix("\n")
