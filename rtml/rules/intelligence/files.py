"""Read the text of a list's file, or say clearly why it is none."""

from __future__ import annotations

from pathlib import Path

from rtml.errors import RtmlError, unreadable
from rtml.reading.text import read_text

__all__ = ["MOST_BYTES", "read_list_text"]

MOST_BYTES = 512_000_000
"""A larger file is not read: ten million entries fit."""


def read_list_text(path: Path, most: int = MOST_BYTES) -> str:
    """Return the text of a file, plain or packed, without a byte-order mark.

    Raises
    ------
    RtmlError
        It is absent, a folder, too large, binary or not UTF-8; the message names the file.
    """
    try:
        folder = path.is_dir()
    except OSError as error:  # a name that no file can have
        raise unreadable(path, error) from error
    if folder:
        raise RtmlError(f"{path}: is a folder, not a list")
    text = read_text(path, most)
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise RtmlError(f"{path}: binary, not a list (a null byte in line {line})")
    return text
