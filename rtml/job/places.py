"""A folder, on this machine or in a store: read whole files, write them whole, list, remove.

Whatever is written appears at once: a local file takes its place by a rename, an object of a store is there
when its upload ends. A process that is killed leaves the former file, or none.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import fs

from rtml.errors import RtmlError, UsageError, first_line
from rtml.reading.whole import whole_file

__all__ = ["STORES", "Entry", "Place", "place_at"]

STORES = ("s3", "gs", "gcs", "abfs", "abfss")
"""Schemes of stores that pyarrow reads and writes; credentials and endpoints are those of its environment
(``AWS_ACCESS_KEY_ID``, ``AWS_ENDPOINT_URL``, …)."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/")
_FAILED = (OSError, pa.ArrowException)


@dataclass(frozen=True)
class Entry:
    """A file below a place: its name from there, and what changes when it is written again."""

    name: str
    stamp: str


@dataclass(frozen=True)
class Place:
    """A folder; make one with `place_at`."""

    url: str
    system: fs.FileSystem
    inner: str

    @property
    def local(self) -> Path | None:
        """The folder, where it is on this machine."""
        return Path(self.inner) if isinstance(self.system, fs.LocalFileSystem) else None

    def below(self, name: str) -> Place:
        """Return a folder below this one."""
        return Place(f"{self.url}/{name}", self.system, f"{self.inner}/{name}")

    def read(self, name: str) -> bytes | None:
        """Return a file's content; None where there is no such file."""
        path = f"{self.inner}/{name}"
        if self.system.get_file_info(path).type != fs.FileType.File:
            return None
        with self.system.open_input_stream(path) as stream:
            return bytes(stream.read())

    def write(self, name: str, content: bytes | Path) -> None:
        """Write a file, whole or not at all; ``content`` may lie in a file of this machine."""
        if self.local is not None:
            with whole_file(self.local / name) as half:
                _ = (
                    half.write_bytes(content)
                    if isinstance(content, bytes)
                    else shutil.copyfile(content, half)
                )
            return
        with self._explained(), self.system.open_output_stream(f"{self.inner}/{name}") as stream:
            if isinstance(content, bytes):
                stream.write(content)
            else:
                with content.open("rb") as source:
                    shutil.copyfileobj(source, stream, 8_000_000)

    def remove(self, name: str) -> None:
        """Remove a file, or a folder with all that is in it; what is not there is removed already."""
        path = f"{self.inner}/{name}"
        with self._explained(), suppress(FileNotFoundError):
            kind = self.system.get_file_info(path).type
            if kind == fs.FileType.File:
                self.system.delete_file(path)
            elif kind == fs.FileType.Directory:
                self.system.delete_dir(path)

    def entries(self, under: str = "", recursive: bool = True) -> Iterator[Entry]:
        """Yield the files below, in order of their names; none where there is no such folder."""
        start = f"{self.inner}/{under}".rstrip("/")
        selector = fs.FileSelector(start, recursive=recursive, allow_not_found=True)
        with self._explained():
            found = self.system.get_file_info(selector)
        prefix = f"{self.inner.rstrip('/')}/"
        for info in sorted(found, key=lambda info: str(info.path)):
            if info.type == fs.FileType.File:
                yield Entry(info.path.removeprefix(prefix), f"{info.size}-{info.mtime_ns}")

    def has_folder(self) -> bool:
        """Say whether the place itself is there; of a store nobody knows, so it is."""
        return self.local is None or self.local.is_dir()

    def _explained(self) -> _Explained:
        return _Explained(self.url)


class _Explained:
    """Names the place in errors of a store."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, _FAILED) and not isinstance(error, FileNotFoundError):
            why = f"the store does not answer as it should ({first_line(error)})"
            raise RtmlError(f"{self.url}: {why}") from error


def place_at(text: str) -> Place:
    """Return the place that a path or a URL names.

    Raises
    ------
    UsageError
        A scheme that is none of `STORES`, or a URL with one slash, as `pathlib` leaves it.

    Examples
    --------
    >>> place_at("/tmp/x/").inner
    '/tmp/x'
    >>> place_at("ftp://host/x")
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: ftp://host/x: no such store; known: s3://, gs://, gcs://, abfs://, abfss://
    """
    url = text.rstrip("/") or "/"
    scheme = _SCHEME.match(url)
    if scheme is None:
        return Place(url, fs.LocalFileSystem(), str(Path(url).absolute()))
    if "://" not in url or scheme[1].lower() not in STORES:
        known = ", ".join(f"{name}://" for name in STORES)
        raise UsageError(f"{text}: no such store; known: {known}")
    try:
        system, inner = fs.FileSystem.from_uri(url)
    except (*_FAILED, ValueError) as error:
        raise RtmlError(f"{text}: the store cannot be reached ({first_line(error)})") from error
    return Place(url, system, inner)
