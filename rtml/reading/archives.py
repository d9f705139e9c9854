"""What a packed file holds that is packed again, or a tar archive: its one file, as of a zip archive.

Firehose packs what CloudWatch has packed; logs are handed on as ``.tar.gz`` of one file.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from rtml.reading.unpacking import GZIP, ZSTD, NotOneFile, Parts, poured, unpacker

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["within"]

_MOST = 3
"""So often what was unpacked is unpacked again."""
_TAR, _AT = b"ustar", 257
_CHUNK = 1 << 16
_SEVERAL = "a tar archive of several files, not of one; unpack it and name them"
_ASIDE = "._"
"""Beginning of names of what macOS puts beside each file."""


def within(parts: Parts, times: int = _MOST) -> Parts:
    """Yield what parts hold, unpacked as long as that is packed.

    Examples
    --------
    >>> import gzip, io
    >>> from rtml.reading.unpacking import unpacker
    >>> twice = gzip.compress(gzip.compress(b"one"))
    >>> b"".join(within(unpacker(twice)(io.BytesIO(twice))))
    b'one'
    """
    joined = _Joined(parts)
    head, file = joined.beginning(_AT + len(_TAR)), io.BufferedReader(joined, _CHUNK)
    if times and head.startswith((GZIP, ZSTD)):
        problem = yield from within(unpacker(head)(file), times - 1)
    elif times and head[_AT:].startswith(_TAR):
        problem = yield from within(_only_file(file), times - 1)
    else:
        problem = None
        yield head
        yield from joined.others()
    return joined.problem or problem


class _Joined(io.RawIOBase):
    """Parts as a file; ``problem`` is what is wrong with their end, once they have been read."""

    def __init__(self, parts: Parts) -> None:
        self.problem: str | None = None
        self._parts, self._rest = self._noting(parts), memoryview(b"")

    def _noting(self, parts: Parts) -> Iterator[bytes]:
        self.problem = yield from parts

    def beginning(self, size: int) -> bytes:
        """Return the first parts, together so many bytes if there are so many; they are read again."""
        head = b""
        while len(head) < size and (part := next(self._parts, None)) is not None:
            head += part
        self._rest = memoryview(head)
        return head

    def others(self) -> Iterator[bytes]:
        """Yield the parts behind the beginning."""
        yield from self._parts

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        size, self._rest = poured(memoryview(buffer), self._rest, self._parts)
        return size


def _only_file(file: BinaryIO) -> Parts:
    """Yield the one file of a tar archive; empty ones, folders and links beside it are none."""
    begun = False
    try:
        with tarfile.open(fileobj=file, mode="r|") as archive:
            for member in archive:
                if not _is_file(member):
                    continue
                if begun:
                    raise NotOneFile(_SEVERAL)
                begun = True
                yield from _bytes_of(archive, member)
    except (tarfile.TarError, EOFError, ValueError) as error:
        return f"the tar archive is cut off or damaged ({error})"
    if not begun:
        raise NotOneFile("a tar archive without a file that holds anything")
    return None


def _is_file(member: tarfile.TarInfo) -> bool:
    if member.issparse():
        raise NotOneFile("a tar archive of a file with holes; unpack it")
    return member.isreg() and member.size > 0 and not member.name.rpartition("/")[2].startswith(_ASIDE)


def _bytes_of(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    inside = archive.extractfile(member)
    while inside is not None and (part := inside.read(_CHUNK)):
        yield part
