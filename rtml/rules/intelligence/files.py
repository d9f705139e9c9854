"""Read the text of a list's file, or say clearly why it is none."""

from __future__ import annotations

from pathlib import Path

from rtml.errors import RtmlError

__all__ = ["MOST_BYTES", "read_list_text"]

MOST_BYTES = 512_000_000
"""A larger file is not read: ten million entries fit."""


def read_list_text(path: Path, most: int = MOST_BYTES) -> str:
    """Return the text of a file, without a byte-order mark.

    Raises
    ------
    RtmlError
        It is absent, a folder, too large, binary or not UTF-8; the message names the file.
    """
    try:
        if path.is_dir():
            raise RtmlError(f"{path}: is a folder, not a list")
        size = path.stat().st_size
        if size > most:
            raise RtmlError(f"{path}: {size:,} bytes, larger than the {most:,} that are read")
        data = path.read_bytes()
    except OSError as error:
        raise RtmlError(f"{path}: {error.strerror}") from error
    if b"\x00" in data:
        line = data[: data.index(b"\x00")].count(b"\n") + 1
        raise RtmlError(f"{path}: binary, not a list (a null byte in line {line})")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise RtmlError(f"{path}: not UTF-8 (line {line})") from error
