"""A file of settings that may change while a log is followed: read again when it did."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

__all__ = ["reread"]


def reread(path: Path, read: Callable[[Path], T]) -> Callable[[], T]:
    """Return what gives the content of a file as it is now; what is no file (a pipe) is read once, at once.

    Raises
    ------
    RtmlError
        What ``read`` says of the file, now or at a later change.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a"
    >>> size = path.write_text("one")
    >>> now = reread(path, Path.read_text)
    >>> size = path.write_text("three")
    >>> now()
    'three'
    """
    if path.exists() and not path.is_file():
        content = read(path)
        return lambda: content
    seen: dict[tuple[int, int, int], T] = {}

    def current() -> T:
        if not path.is_file():
            return read(path)  # it says so
        state = path.stat()
        now = state.st_mtime_ns, state.st_size, state.st_ino
        if now not in seen:
            content = read(path)
            seen.clear()
            seen[now] = content
        return seen[now]

    current()
    return current
