"""Lines of a log file that may be compressed, cut off, or not UTF-8: nothing is lost in silence."""

from __future__ import annotations

import codecs
import gzip
import zlib
from pathlib import Path

import polars as pl

from rtml.errors import RtmlError

__all__ = ["read_lines"]


def _visible_in_json(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    bad = error.object[error.start : error.end]
    return "".join(f"\\\\x{byte:02x}" for byte in bad), error.end


codecs.register_error("rtml.json", _visible_in_json)

_GZIP = b"\x1f\x8b"


def read_lines(path: Path, json: bool = False) -> tuple[pl.Series, str | None]:
    r"""Read the non-empty lines of a plain or gzip text file.

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
    raw, problem = _content(path)
    if not raw.strip():
        raise RtmlError(f"{path}: the file is empty")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "rtml.json" if json else "backslashreplace")
    return pl.Series("line", text.splitlines() if "\r" in text else text.split("\n")), problem


def _content(path: Path) -> tuple[bytes, str | None]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise RtmlError(f"{path}: {error.strerror or error}") from error
    return _gunzip(raw) if raw.startswith(_GZIP) else (raw, None)


def _gunzip(raw: bytes) -> tuple[bytes, str | None]:
    """Unpack as far as the stream goes; a cut-off or damaged end is a problem, not a failure."""
    try:
        return gzip.decompress(raw), None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        parts = []
        for start in range(0, len(raw), 1 << 16):
            try:
                parts.append(unpacker.decompress(raw[start : start + (1 << 16)]))
            except zlib.error:
                break
        return b"".join(parts), "the gzip stream is cut off or damaged"
