"""Files that are read in pieces of whole lines: which they are, and the pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rtml.captures.following.place import packed
from rtml.captures.sensors.sysdig.scap import is_scap
from rtml.errors import RtmlError
from rtml.reading.content import first_bytes, opened
from rtml.reading.json_text import json_of
from rtml.reading.parquet import is_parquet
from rtml.reading.shipped_csv import rows_of

__all__ = ["STREAMED", "Piece", "is_long", "pieces"]

STREAMED = 200_000_000
"""Bytes of input from which on it is read in blocks; a packed file counts ten times."""

_BLOCK = 4_000_000
_LONGEST = 64_000_000


def is_long(paths: Sequence[Path]) -> bool:
    """Tell whether files are so large, and line by line, that they are read in blocks."""
    sizes = [path.stat().st_size * (10 if packed(path) else 1) for path in paths if path.is_file()]
    return len(sizes) == len(paths) and sum(sizes) >= STREAMED and all(map(_by_line, paths))


def _by_line(path: Path) -> bool:
    """Tell whether the first line is a whole record: a document over many lines cannot be read in blocks."""
    head = first_bytes(path, 1 << 20)
    if head.lstrip().startswith(b"#") or rows_of(path) is not None:
        return False  # what the first line says is needed for all others
    line = head.lstrip().partition(b"\n")
    if not line[1] or is_parquet(head) or is_scap(head):
        return False
    try:
        return not line[0].startswith((b"{", b"[")) or bool(json_of(line[0]))
    except ValueError:
        return False


@dataclass(frozen=True)
class Piece:
    """Whole lines of a file; ``problem`` is what is wrong with its end."""

    raw: bytes
    line: int
    problem: str | None = None


def pieces(path: Path, cut: Callable[[bytes], int]) -> Iterator[Piece]:
    """Yield a file in pieces of some megabytes, each of whole lines.

    Parameters
    ----------
    path
        The file, packed or not.
    cut
        How many bytes of a text are whole records (`rtml.captures.sensors.Sensor`).

    Raises
    ------
    RtmlError
        A line is longer than 64 MB.
    """
    with opened(path) as (stream, content):
        rest, line = b"", 0
        while raw := stream.read(_BLOCK):
            rest += raw
            size = rest.rfind(b"\n") + 1
            size = cut(rest[:size]) if size and len(rest) < 2 * _BLOCK else size
            if not size and len(rest) > _LONGEST:
                raise RtmlError(f"{path}: line {line + 1} has more than {_LONGEST:,} bytes; take it out")
            if size:
                yield Piece(rest[:size], line)
                line, rest = line + rest.count(b"\n", 0, size), rest[size:]
        yield Piece(rest, line, content.problem)
