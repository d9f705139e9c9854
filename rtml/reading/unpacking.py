"""Streams of gzip and zstd, unpacked as far as they go; what is wrong with the end is returned.

Members and frames that follow one another are one file, as `gzip` and `zstd` read them. A zip archive is
its one file. The standard library of Python 3.11 knows no zstd; pyarrow, which is here anyway, does.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from typing import Any, BinaryIO

__all__ = [
    "GZIP",
    "LONGEST_MAGIC",
    "ZIP",
    "ZSTD",
    "NotOneFile",
    "Parts",
    "members_within",
    "plain",
    "poured",
    "unpacker",
]

LONGEST_MAGIC = 4
"""So many first bytes tell how a file is packed."""

Parts = Generator[bytes, None, str | None]
"""Bytes in order; it returns what is wrong with the end, else None."""

_CHUNK = 1 << 16
GZIP, ZSTD, ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", (b"PK\x03\x04", b"PK\x05\x06")
"""First bytes of packed files."""

_ENCRYPTED = 1


class NotOneFile(Exception):
    """The archive is no single file that can be read; says why, and the way out."""


def unpacker(head: bytes) -> Callable[[BinaryIO], Parts]:
    """Return what unpacks a file that begins so; `plain` for one that is not packed."""
    if head.startswith(GZIP):
        return _members
    if head.startswith(ZIP):
        return _archive
    return _frames if head.startswith(ZSTD) else plain


def plain(file: BinaryIO) -> Parts:
    """Read a file that is not packed."""
    while part := file.read(1 << 20):
        yield part
    return None


def _members(file: BinaryIO) -> Parts:
    """Unpack gzip members one after the other; zeros between and after them are padding."""
    member, raw = zlib.decompressobj(wbits=31), file.read(_CHUNK)
    while raw:
        before = member.copy()
        try:
            yield member.decompress(raw)
        except zlib.error:
            yield from _until_damage(before, raw)
            return "the gzip stream is cut off or damaged"
        raw = member.unused_data
        if member.eof:
            member = zlib.decompressobj(wbits=31)
            raw = _next_member(file, raw)
            if raw and not raw.startswith(GZIP):
                return "what follows the gzip stream is no gzip"
            if not raw:
                return None
        raw = raw or file.read(_CHUNK)
    return "the gzip stream is cut off or damaged"


def members_within(packed: bytes, most: int) -> bytes:
    """Return gzip members unpacked, ``most`` bytes at most.

    Raises
    ------
    OverflowError
        They hold more.
    EOFError
        The last one is cut off.
    ValueError
        They are no gzip, or damaged.

    Examples
    --------
    >>> import gzip
    >>> members_within(gzip.compress(b"a") + gzip.compress(b"b"), 9)
    b'ab'
    """
    parts, left = [], most
    while packed:
        member = zlib.decompressobj(wbits=31)
        try:
            part = member.decompress(packed, left + 1)
        except zlib.error as error:
            raise ValueError(str(error)) from error
        left -= len(part)
        if left < 0:
            raise OverflowError
        if not member.eof:
            raise EOFError
        parts.append(part)
        packed = member.unused_data.lstrip(b"\0")
    return b"".join(parts)


def _next_member(file: BinaryIO, raw: bytes) -> bytes:
    """Return at least two bytes from where a member must begin; nothing at the end of the file."""
    while len(raw := raw.lstrip(b"\0")) < len(GZIP) and (more := file.read(_CHUNK)):
        raw += more
    return raw


def _until_damage(member: zlib._Decompress, raw: bytes) -> Iterator[bytes]:
    try:
        for at in range(len(raw)):
            yield member.decompress(raw[at : at + 1])
    except zlib.error:
        return


def _frames(file: BinaryIO) -> Parts:
    source, given = _zstd(file), 0
    try:
        while part := source.read(_CHUNK):
            given += len(part)
            yield part
    except OSError as error:
        if error.errno is not None:  # of the disk, not of the unpacker
            raise
        yield from _up_to_damage(file, given)
        return f"the zstd stream is cut off or damaged ({error})"
    return None


def _zstd(file: BinaryIO) -> Any:
    import pyarrow as pa  # late: only zstd needs it

    return pa.CompressedInputStream(pa.PythonFile(_Lent(file), mode="r"), "zstd")


class _Lent:
    """A file as pyarrow reads it; pyarrow closes what it was given, the file itself stays open."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.closed = file.read, False

    def close(self) -> None:
        self.closed = True


def _up_to_damage(file: BinaryIO, given: int) -> Iterator[bytes]:
    """Unpack anew, byte by byte after what has been given: an error takes the whole step with it.

    A pipe cannot be read anew: of it the step is lost.
    """
    if not file.seekable():
        return
    file.seek(0)
    source = _zstd(file)
    while given > 0:
        given -= len(source.read(min(_CHUNK, given)))
    with suppress(OSError):
        while part := source.read(1):
            yield part


def _archive(file: BinaryIO) -> Parts:
    """Unpack the one file of a zip archive; its directory stands at the end, so a pipe cannot be read."""
    if not file.seekable():
        raise NotOneFile("a zip archive can only be read from a file")
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError) as error:
        raise NotOneFile(f"the zip archive is cut off or damaged ({error})") from error
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1:
        raise NotOneFile(f"a zip archive of {len(members)} files, not of one; unpack it and name them")
    if members[0].flag_bits & _ENCRYPTED:
        raise NotOneFile("an encrypted zip archive; unpack it")
    try:
        with archive.open(members[0]) as packed:
            while part := packed.read(_CHUNK):
                yield part
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        return f"the zip archive is cut off or damaged ({error})"
    return None


def poured(place: memoryview, rest: memoryview, parts: Iterator[bytes]) -> tuple[int, memoryview]:
    """Fill a place as far as what is left of a part goes, else the next one.

    Examples
    --------
    >>> size, rest = poured(memoryview(bytearray(2)), memoryview(b""), iter([b"", b"abc"]))
    >>> size, bytes(rest)
    (2, b'c')
    """
    while not rest:
        part = next(parts, None)
        if part is None:
            return 0, rest
        rest = memoryview(part)
    size = min(len(place), len(rest))
    place[:size] = rest[:size]
    return size, rest[size:]
