r"""Records of a JSON log of which most are lines that a faster reader knows; all else goes the long way.

The long way (`rtml.reading.envelopes.records`) looks at what stands before lines, at documents over several
lines, at envelopes. A line that is a record as it stands needs none of that, unless a document is open before
it: so after a line that is not known the next two go the long way too. The first may be a part of what is
open, the second ends it. Behind that nothing is open, and a line that is known changes nothing for others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from rtml.reading.content import opened
from rtml.reading.documents import MOST_BYTES, Document, Line, documents_of, line_of, whole_lines
from rtml.reading.envelopes import ANYTHING, Inside, records_of
from rtml.reading.shipped_csv import rows_of

__all__ = ["Known", "records_but"]

T = TypeVar("T")
_PIECE = 1 << 20
"""Bytes that are read at once; where one line of them is not known, each is looked at by itself."""
_OPEN_FOR = 2
"""So many lines that are known may follow before nothing is open."""


class Known(Protocol[T]):
    """What reads lines that it knows, and takes them.

    It knows a line only if that begins with ``{``, is an object that is no envelope, and is read as
    `rtml.reading.documents.parsed` would; each comes without its end.
    """

    def read(self, lines: Sequence[bytes]) -> Sequence[T] | None:
        """Return what lines say; None if one of them is not known for sure."""

    def take(self, found: Sequence[T], first: int, size: int) -> None:
        """Take what was read of consecutive lines, the number of the first, and how many bytes they are."""


def records_but(path: Path, known: Known[T], expected: Inside = ANYTHING) -> Iterator[Document]:
    r"""Yield the records of a file (`rtml.reading.envelopes.records`), but those that are taken as lines.

    Parameters
    ----------
    path
        The file.
    known
        Takes what it knows before any record is yielded that comes later in the file.
    expected
        As of `rtml.reading.envelopes.records`.

    Examples
    --------
    >>> import orjson, tempfile
    >>> path = Path(tempfile.mkdtemp()) / "log"
    >>> _ = path.write_text('{"a": 1}\n[\n{"a": 2},\n{"a": 3}\n]\n{"a": 4}\n{"a": 5}\n{"a": 6}\n')
    >>> class Objects:
    ...     def read(self, lines):
    ...         return [*map(orjson.loads, lines)] if all(b"{" < one[-1:] for one in lines) else None
    ...     def take(self, found, first, size):
    ...         print(first, found)
    >>> [(d.line, d.value) for d in records_but(path, Objects())]
    1 [{'a': 1}]
    8 [{'a': 6}]
    [(2, {'a': 2}), (2, {'a': 3}), (6, {'a': 4}), (7, {'a': 5})]
    """
    rows = rows_of(path)
    yield from records_of(_unknown(path, known) if rows is None else rows, expected)


def _unknown(path: Path, known: Known[T]) -> Iterator[Document]:
    with opened(path) as (stream, content):
        lines = _Lines(known)

        def left() -> Iterator[Line]:
            yield from whole_lines(lines.left(stream))
            if content.problem is not None:
                yield lines.number + 1, b"", content.problem

        yield from documents_of(left())


class _Lines:
    """Lines of a file: those that are known are taken, the others are left."""

    def __init__(self, known: Known[T]) -> None:
        self._known, self.number, self._open_for = known, 0, 0

    def left(self, stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
        """Yield what is left, with the number of each; the last line of the file is always named."""
        for piece in _pieces(stream):
            if self._open_for or not self._taken(piece):
                yield from self._each(piece)
        if self.number:
            yield self.number, b"\n"  # parts of a line that has no end are on the last one

    def _taken(self, piece: bytes) -> bool:
        lines = piece.removesuffix(b"\n").split(b"\n")
        found = self._known.read(lines) if len(piece) <= MOST_BYTES else None
        if found is None:
            return False
        self._known.take(found, self.number + 1, len(piece))
        self.number += len(lines)
        return True

    def _each(self, piece: bytes) -> Iterator[tuple[int, bytes]]:
        for line in BytesIO(piece):
            if not self._open_for and self._taken(line):
                continue
            self.number += 1
            if not line.isspace():
                is_known = self._open_for and self._known.read([line.removesuffix(b"\n")]) is not None
                self._open_for = self._open_for - 1 if is_known else _OPEN_FOR
                yield self.number, line


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    """Yield whole lines; of one that is too long only what shows that it is."""
    while piece := stream.read(_PIECE):
        begun = len(piece) - piece.rfind(b"\n") - 1
        yield piece + line_of(stream, begun) if begun else piece
