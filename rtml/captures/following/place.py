"""Where reading stands in a log, such that it can be found again after the log was rotated or packed."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from pydantic import BaseModel

from rtml.errors import RtmlError
from rtml.reading.content import opened

__all__ = ["MARK", "Place", "find", "hashed", "later", "packed"]

MARK = 4096
"""So many bytes before the place are known by their hash."""

_SUFFIXES = (".gz", ".zst", ".zip")
_CHUNK = 1 << 20


class Place(BaseModel):
    """How far a log was read.

    Parameters
    ----------
    name, inode
        The file, as it was called then.
    offset
        Bytes of it (unpacked) that were read.
    mark
        Hash of the last bytes before ``offset``; empty at its start.
    line
        Lines before ``offset``.
    after
        When the file before it was last written (nanoseconds since 1970); 0: there was none.
    skipping
        The place lies within a line that is too long and not read.
    broken
        How often what followed a place could not be found again.
    """

    name: str
    inode: int = 0
    offset: int = 0
    mark: str = ""
    line: int = 0
    after: int = 0
    skipping: bool = False
    broken: int = 0


def packed(path: Path) -> bool:
    """Tell whether a name says that the file is packed."""
    return path.suffix in _SUFFIXES


def find(path: Path, place: Place) -> Path | None:
    """Return the file that ``place`` lies in: ``path`` itself, or what it is called since it was rotated.

    None where no file in its folder has what was read last at that place.
    """
    if not place.offset:
        return _unread(path, place)
    others = sorted(_rotated(path), key=lambda other: other.stat().st_ino != place.inode)
    return next((file for file in [path, *others] if file.is_file() and holds(file, place)), None)


def _unread(path: Path, place: Place) -> Path | None:
    """Return the file of which nothing was read yet: the same one, else the next after the former."""
    files = [file for file in [path, *_rotated(path)] if file.is_file()]
    same = [file for file in files if place.inode and file.stat().st_ino == place.inode]
    return next(iter(same), None) or (later(path, place.after) if place.after else path)


def later(path: Path, after: int) -> Path:
    """Return the oldest rotated file that was written after a time, else ``path`` itself."""
    newer = [file for file in _rotated(path) if file.stat().st_mtime_ns > after]
    return min(newer, key=lambda file: file.stat().st_mtime_ns, default=path)


def _rotated(path: Path) -> list[Path]:
    """Return the siblings that carry the name and more; of a plain and a packed twin the plain one."""
    found = [
        file
        for file in path.parent.iterdir()
        if file.name.startswith(path.stem) and file != path and file.is_file() and _same_log(file, path)
    ]
    names = {file.name for file in found}
    return [file for file in found if not (packed(file) and file.stem in names)]


def _same_log(file: Path, path: Path) -> bool:
    """Tell ``log.jsonl.1``, ``log.jsonl-2026.gz``, ``log-2026.jsonl`` from ``log.lock``, ``login.jsonl``."""
    rest = file.name.removeprefix(path.name)
    if rest == file.name:
        rest = file.name.removeprefix(path.stem).replace(path.suffix, "", 1)
    for suffix in _SUFFIXES:
        rest = rest.removesuffix(suffix)
    return bool(rest) and rest[0] in ".-_" and any(letter.isdigit() for letter in rest)


def holds(file: Path, place: Place) -> bool:
    """Tell whether a file has, at the place, what was read last there."""
    size = min(place.offset, MARK)
    try:
        if not packed(file) and file.stat().st_size < place.offset:
            return False
        with opened(file) as (stream, _):
            return hashed(_at(stream, place.offset - size, size)) == place.mark
    except RtmlError:
        return False


def hashed(read: bytes) -> str:
    """Return the mark of what was read last."""
    return hashlib.sha256(read[-MARK:]).hexdigest()


def _at(stream: io.BufferedReader, offset: int, size: int) -> bytes:
    left = offset
    while left and (passed := stream.read(min(left, _CHUNK))):
        left -= len(passed)
    return stream.read(size)
