"""Lines of a log file that may be packed, cut off, or not UTF-8: nothing is lost in silence."""

from __future__ import annotations

import codecs
from pathlib import Path

import polars as pl

from rtml.errors import RtmlError
from rtml.reading.content import opened

__all__ = ["JSON_ESCAPES", "read_lines", "read_raw"]

JSON_ESCAPES = "rtml.json"
r"""Error handler of decoding that keeps a byte which is not UTF-8 visible inside JSON, as ``\\xNN``."""


def _visible_in_json(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    bad = error.object[error.start : error.end]
    return "".join(f"\\\\x{byte:02x}" for byte in bad), error.end


codecs.register_error(JSON_ESCAPES, _visible_in_json)


def read_raw(path: Path) -> tuple[bytes, str | None]:
    """Return the bytes of a file, plain or packed, and what is wrong with its end.

    Raises
    ------
    RtmlError
        No such file, a folder, an unreadable file, or an empty one.
    """
    with opened(path) as (stream, content):
        raw = stream.read()
    if not raw.strip():
        raise RtmlError(f"{path}: the file is empty")
    return raw, content.problem


def read_lines(path: Path, json: bool = False) -> tuple[pl.Series, str | None]:
    r"""Read the lines of a text file, plain or packed; they end with LF or CR LF.

    Parameters
    ----------
    path
        The file. Bytes that are not UTF-8 are kept visibly, as ``\xNN``.
    json
        The lines are JSON: there the backslash of ``\xNN`` must itself be escaped.

    Returns
    -------
    The lines, and what is wrong with the end of the file (a cut-off gzip stream), else None.

    Raises
    ------
    RtmlError
        No such file, a folder, an unreadable file, or an empty one.
    """
    raw, problem = read_raw(path)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("utf-8", JSON_ESCAPES if json else "backslashreplace")
    return pl.Series("line", text.replace("\r\n", "\n").split("\n")), problem
