"""Write a file or a folder whole or not at all: what was killed leaves nothing like a result.

What is written half lies beside its place, hidden, as ``.NAME.partial-…``: after a `kill -9` or a
lost machine it stays there and may be removed; it never stands in the way of doing the work again.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rtml.errors import RtmlError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["require_new", "whole_file", "whole_folder", "write_bytes", "write_parquet", "write_text"]

_PROBED = 1_000_000
"""Bytes that a place must take before a failure is not laid to it."""


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """Give a hidden folder beside ``out`` to write into; at the end it becomes ``out``.

    Raises
    ------
    RtmlError
        ``out`` exists already, its parent cannot be written, or writing failed half way.

    Examples
    --------
    >>> place = Path(tempfile.mkdtemp())
    >>> with whole_folder(place / "done") as half:
    ...     _ = (half / "a").write_text("1")
    >>> [path.name for path in sorted(place.rglob("*"))]
    ['done', 'a']
    """
    require_new(out)
    with _explained(out, out.parent):
        out.parent.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(prefix=_hidden(out), dir=out.parent))
    try:
        with _explained(out, half):
            yield half
            half.chmod(0o755)
            os.replace(half, out)
    finally:
        shutil.rmtree(half, ignore_errors=True)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a hidden path beside ``path`` to write; at the end it takes the place of ``path``.

    A file that was there is untouched until then. A link keeps pointing where it does; a device or
    a pipe is written directly.

    Raises
    ------
    RtmlError
        Its folder cannot be made or written, or writing failed half way.

    Examples
    --------
    >>> path = Path(tempfile.mkdtemp()) / "a"
    >>> with whole_file(path) as half:
    ...     _ = half.write_text("1"), path.exists()
    >>> path.read_text(), len(list(path.parent.iterdir()))
    ('1', 1)
    """
    place = path.resolve()
    direct = place.exists() and not place.is_file() and not place.is_dir()
    half = place if direct else place.with_name(f"{_hidden(place)}{secrets.token_hex(4)}")
    with _explained(path, place.parent):
        place.parent.mkdir(parents=True, exist_ok=True)
    try:
        with _explained(path, half):
            yield half
            os.replace(half, place)
    finally:
        if not direct:
            half.unlink(missing_ok=True)


def require_new(out: Path) -> None:
    """Raise an `RtmlError` where ``out`` is there already: nothing is written over a result."""
    if out.exists():
        raise RtmlError(f"{out}: exists already; remove it or choose another place", argument="out")


def write_text(path: Path, text: str) -> None:
    """Write a text file as UTF-8, line ends as they are, whole or not at all."""
    with whole_file(path) as half:
        half.write_text(text, "utf-8", newline="\n")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all."""
    with whole_file(path) as half:
        half.write_bytes(content)


def write_parquet(path: Path, table: pl.DataFrame) -> None:
    """Write a table, compressed with zstd, whole or not at all."""
    with whole_file(path) as half:
        table.write_parquet(half, compression="zstd")


def _hidden(path: Path) -> str:
    return f".{path.name[:40]}.partial-"


@contextmanager
def _explained(out: Path, half: Path) -> Iterator[None]:
    """Turn the system's errors about what lies at ``half`` into one about ``out``; no others."""
    try:
        yield
    except RtmlError as error:
        error.args = (str(error).replace(str(half), str(out)),)
        raise
    except OSError as error:
        if error.filename is not None and not str(error.filename).startswith(str(half)):
            raise
        raise _failed(out, error.strerror or str(error)) from error
    except Exception as error:
        # Polars words the system's errors in classes of its own, or loses them: a full disk is then asked.
        reason = str(error).partition("\n")[0] if "(os error " in str(error) else _refusal(half)
        if reason is None:
            raise
        raise _failed(out, reason) from error


def _refusal(half: Path) -> str | None:
    """Say what the system has against writing where ``half`` lies, if anything."""
    place = half if half.is_dir() else half.parent
    try:
        with tempfile.TemporaryFile(dir=place) as probe:
            probe.write(bytes(_PROBED))
            probe.flush()
    except OSError as error:
        return error.strerror or str(error)
    return None


def _failed(out: Path, reason: str) -> RtmlError:
    return RtmlError(f"{out}: cannot be written ({reason}); nothing was kept", argument="out")
