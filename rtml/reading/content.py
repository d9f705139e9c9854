"""The one way into a file that may be packed: gzip, zstd and zip, known by their first bytes.

Text in UTF-16, as Windows writes it, comes out as UTF-8.

What stands before a cut or a damage is given, all of it; what is wrong with the end is noted,
never raised (`rtml.reading.unpacking`).
"""

from __future__ import annotations

import codecs
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from rtml.errors import RtmlError, unreadable
from rtml.progress import report
from rtml.reading.archives import within
from rtml.reading.unpacking import LONGEST_MAGIC, NotOneFile, Parts, plain, poured, unpacker

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["FREE_BYTES", "MOST_GROWTH", "Content", "first_bytes", "opened"]

MOST_GROWTH = 250
"""A file that unpacks to more than so many times its size is a bomb. Logs grow ten- to fiftyfold."""

FREE_BYTES = 256_000_000
"""So much is unpacked before growth counts: a small file of one line again and again is no bomb."""

_MARK = b"\xef\xbb\xbf"
_WIDE = {
    "utf-16-le": re.compile(rb"\xff\xfe(?!\0\0)|[^\0]\0[^\0]\0"),
    "utf-16-be": re.compile(rb"\xfe\xff|\0[^\0]\0[^\0]"),
}
"""How text in UTF-16 begins: with its byte-order mark, or with two letters of ASCII."""


class Content(io.RawIOBase):
    """The bytes of a file, unpacked, without a byte-order mark.

    ``problem`` says, once everything has been read, what is wrong with the end; else it is None.
    """

    def __init__(self, path: Path, file: io.BufferedReader) -> None:
        self.problem: str | None = None
        self._path = path
        self._parts, self._rest = self._bounded(file), memoryview(b"")

    def readable(self) -> bool:
        """Return True: the stream can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill ``buffer`` as far as the next part goes; 0 at the end."""
        size, self._rest = poured(memoryview(buffer), self._rest, self._parts)
        return size

    def readall(self) -> bytes:
        """Return everything that is left."""
        return b"".join([bytes(self._rest), *self._parts])

    def _bounded(self, file: io.BufferedReader) -> Iterator[bytes]:
        unpack, packed = unpacker(file.peek(LONGEST_MAGIC)), os.fstat(file.fileno()).st_size
        left = max(FREE_BYTES, packed * MOST_GROWTH)
        for part in self._without_mark(within(unpack(file))):
            if unpack is not plain and len(part) > left:
                yield part[:left]
                self.problem = f"unpacks to more than {MOST_GROWTH} times its size: not read further"
                return
            left -= len(part)
            if packed:  # a pipe has no size
                report(f"reading {self._path.name}", file.tell(), packed, "bytes")
            yield part

    def _without_mark(self, parts: Parts) -> Iterator[bytes]:
        stream, head = self._noting_problem(parts), b""
        for part in stream:
            head += part
            if len(head) > len(_MARK):
                break
        wide = next((name for name, begins in _WIDE.items() if begins.match(head)), None)
        if wide is not None:
            yield from self._narrowed(wide, head, stream)
            return
        yield head.removeprefix(_MARK)
        yield from stream

    def _narrowed(self, encoding: str, head: bytes, parts: Iterator[bytes]) -> Iterator[bytes]:
        """Turn UTF-16 into UTF-8; half a surrogate pair becomes three bytes (`rtml.reading.escapes`)."""
        decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
        begun = False
        for part in chain([head], parts):
            text = decoder.decode(part)
            yield (text if begun else text.removeprefix("\ufeff")).encode("utf-8", "surrogatepass")
            begun = begun or bool(text)
        rest = decoder.getstate()[0]
        if len(rest) > 1:  # the first half of a pair, and no second comes
            yield rest[:2].decode(encoding, "surrogatepass").encode("utf-8", "surrogatepass")
        if len(rest) % 2 and self.problem is None:
            self.problem = "the text ends inside a character of UTF-16"

    def _noting_problem(self, parts: Parts) -> Iterator[bytes]:
        try:
            self.problem = yield from parts
        except NotOneFile as error:
            raise RtmlError(f"{self._path}: {error}") from error


@contextmanager
def opened(path: Path) -> Iterator[tuple[io.BufferedReader, Content]]:
    r"""Open a file for reading: a stream of its bytes, and the content, which knows how it ended.

    Fails when a pipe gives packed bytes: it has no size to hold growth against, so it ends after
    `FREE_BYTES`.

    Raises
    ------
    RtmlError
        No such file, a folder, an unreadable one, or (on reading) a zip archive that is not one file.

    Examples
    --------
    >>> import gzip, tempfile
    >>> path = Path(tempfile.mkdtemp()) / "log.gz"
    >>> _ = path.write_bytes(gzip.compress(b"one\n") + gzip.compress(b"two\n")[:-4])
    >>> with opened(path) as (stream, content):
    ...     list(stream), content.problem
    ([b'one\n', b'two\n'], 'the gzip stream is cut off or damaged')
    """
    if "\0" in str(path):
        raise RtmlError(f"{str(path)!r}: no file has a null byte in its name")
    try:
        with path.open("rb") as file:
            content = Content(path, file)
            try:
                yield io.BufferedReader(content, 1 << 20), content
            finally:
                report(f"reading {path.name}", 1, 1)
    except RtmlError:
        raise
    except OSError as error:
        raise unreadable(path, error) from error


def first_bytes(path: Path, size: int = 1 << 16) -> bytes:
    """Return the beginning of a file, unpacked."""
    with opened(path) as (stream, _):
        return stream.read(size)
