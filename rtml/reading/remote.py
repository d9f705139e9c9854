"""Files of a store (S3, Google, Azure, HDFS), fetched to work on: some formats are read from their end.

Credentials are those that the store's own library finds: the environment, a profile, the machine's role.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from glob import escape
from os import environ
from pathlib import Path
from urllib.parse import parse_qs, quote

import pyarrow as pa
from pyarrow import fs

from rtml.errors import MissingFileError, RtmlError, UsageError
from rtml.progress import steps
from rtml.reading.urls import as_url, is_url

__all__ = ["MOST_BYTES", "fetched"]

MOST_BYTES = 50_000_000_000
"""So much is fetched at a time, and never more than there is room for."""

_STORES = "s3, gs, abfs, hdfs, file"
_LONGEST = 200
_NO_BUCKET = ("resolving region", "NO_SUCH_BUCKET", "NoSuchBucket", "bucket does not exist", "NotFound")
_NO_ACCESS = "ACCESS_DENIED AccessDenied INVALID_ACCESS_KEY SIGNATURE 403 redential Forbidden".split()
_UNREADABLE = (OSError, pa.ArrowException)


@contextmanager
def fetched(inputs: Sequence[str | Path]) -> Iterator[list[Path]]:
    """Give paths in place of URLs: what they name, in a folder that is there until the work is done.

    Parameters
    ----------
    inputs
        Paths, which stay as they are, and URLs of a file, of a folder or the beginning of names (all below
        it), or patterns (``*`` within a folder, ``**`` over folders, ``[…]``). What stands behind ``?`` are
        settings of the store (``region``, ``endpoint_override``, ``scheme``).

    Raises
    ------
    UsageError
        A kind of store that is not known; more than is fetched at a time.
    RtmlError
        There is no such bucket, no access, or nothing of that name.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.log").write_text("1"), (folder / "b.txt").write_text("2")
    >>> with fetched([f"file://{folder}/*.log", Path("c")]) as files:
    ...     [(path.name, path.exists()) for path in files]
    [('a.log', True), ('c', False)]
    """
    if not any(map(is_url, inputs)):
        yield [Path(path) for path in inputs]
        return
    with tempfile.TemporaryDirectory(prefix="rtml-fetched-") as place:
        found: list[Path] = []
        for one in inputs:
            found += _fetch(as_url(one), Path(place)) if is_url(one) else [Path(one)]
        try:
            yield found
        except RtmlError as error:
            for scheme in Path(place).iterdir():
                error.args = (str(error).replace(f"{scheme}/", f"{scheme.name}://"),)
            raise


def _fetch(url: str, place: Path) -> list[Path]:
    try:
        system, inner = _store(url)
        files = _named(system, inner.rstrip("/"))
    except _UNREADABLE as error:
        raise _explained(url, error) from error
    if not files:
        raise MissingFileError(f"{url}: nothing there has that name, begins so, or fits it as a pattern")
    _require_room(url, files, place)
    scheme, targets = place / url.partition(":")[0], []
    for info in steps(files, "fetching", "files"):
        target = _target(scheme, info.path)
        try:
            with system.open_input_stream(info.path, compression=None) as stream, target.open("wb") as file:
                shutil.copyfileobj(stream, file, 1 << 22)
        except _UNREADABLE as error:
            raise _explained(url, error) from error
        targets.append(target)
    return targets


def _store(url: str) -> tuple[fs.FileSystem, str]:
    """Return a store and the name within it; names are as they are written, percent signs too."""
    address, _, settings = url.partition("?")
    scheme, _, name = address.partition("://")
    if scheme in ("s3", "s3a") and "region" not in parse_qs(settings):
        region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
        settings = "&".join(filter(None, [settings, f"region={region}" if region else ""]))
    asked = f"{scheme}://{quote(name, safe='/@:')}" + (f"?{settings}" if settings else "")
    try:
        system, inner = fs.FileSystem.from_uri(asked)
    except pa.ArrowInvalid as error:
        if "nrecognized filesystem type" in str(error):
            reason = f"{url}: no kind of store is called {scheme!r}; known: {_STORES}"
            raise UsageError(reason) from error
        raise
    return system, str(inner)


def _named(system: fs.FileSystem, inner: str) -> list[fs.FileInfo]:
    """Return the files that a name means, in the order of their names; hidden ones not."""
    parts = inner.split("/")
    if not parts[0]:
        parts[:2] = ["/".join(parts[:2])]  # of a file system: its root is no folder by itself
    fixed = next((i for i, part in enumerate(parts) if set(part) & set("*[")), None)
    if fixed is None:
        info = system.get_file_info(inner)
        if info.type == fs.FileType.File:
            return [info]
        if info.type == fs.FileType.Directory:
            return _below(system, inner)
        fixed, parts[-1] = len(parts) - 1, f"{escape(parts[-1])}*"
    if fixed == 0:
        return []  # all buckets of somebody are never meant
    found = {info.path: info for info in _matching(system, "/".join(parts[:fixed]), parts[fixed:])}
    return [found[path] for path in sorted(found)]


def _matching(system: fs.FileSystem, folder: str, pattern: Sequence[str]) -> Iterator[fs.FileInfo]:
    """Yield the files below a folder that fit a pattern, part by part: nothing else is listed."""
    inside = _listed(system, folder, recursive=False)
    folders = [info.path for info in inside if info.type == fs.FileType.Directory]
    if pattern[0] == "**":
        yield from _matching(system, folder, pattern[1:] or ["*"])
        for one in folders:
            yield from _matching(system, one, pattern)
        return
    for info in (info for info in inside if fnmatchcase(info.base_name, pattern[0])):
        if info.path in folders:
            yield from _matching(system, info.path, pattern[1:]) if pattern[1:] else _below(system, info.path)
        elif not pattern[1:]:
            yield info


def _below(system: fs.FileSystem, folder: str) -> list[fs.FileInfo]:
    shown = [info for info in _listed(system, folder, recursive=True) if info.is_file]
    return sorted(shown, key=lambda info: info.path)


def _listed(system: fs.FileSystem, folder: str, recursive: bool) -> list[fs.FileInfo]:
    found = system.get_file_info(fs.FileSelector(folder, recursive=recursive))
    return [info for info in found if "/." not in info.path[len(folder) :]]


def _require_room(url: str, files: Sequence[fs.FileInfo], place: Path) -> None:
    size, free = sum(info.size or 0 for info in files), shutil.disk_usage(place).free
    if size > min(MOST_BYTES, free):
        most = "than are fetched at a time" if free > MOST_BYTES else f"than fit into {place.parent}"
        raise UsageError(
            f"{url}: {len(files):,} files of {size:,} bytes, more {most} ({min(MOST_BYTES, free):,});"
            " name fewer of them"
        )


def _target(place: Path, name: str) -> Path:
    """Return where a file is put: below ``place``, whatever it is called, and no other file's place."""
    odd = {"", ".", ".."}
    parts = [
        "_" if part in odd else part.replace("\0", "_")[:_LONGEST] for part in name.strip("/").split("/")
    ]
    target = place.joinpath(*parts)
    number = 0
    while target.exists() or any(above.is_file() for above in target.parents):
        number += 1
        target = place / str(number) / parts[-1]
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _explained(url: str, error: Exception) -> RtmlError:
    """Say what a store refused, and what can be done about it."""
    words = " ".join(str(error).split())[:_LONGEST] or type(error).__name__
    if any(word in words for word in _NO_ACCESS):
        way = "no access; credentials come from the environment (AWS_PROFILE …), a profile or the machine"
    elif any(word in words for word in _NO_BUCKET):
        way = "no such bucket, or none that these credentials see"
    else:
        way = "the store cannot be read"
    return RtmlError(f"{url}: {way} ({words})")
