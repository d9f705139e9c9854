"""A place that bytes are added to: a file, or standard output, whatever that is."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Stream", "opened_stream"]


@dataclass(frozen=True)
class Stream:
    """An open descriptor; None where standard output has none, as in a notebook.

    ``path`` is where what was written can be read again, if it can.
    """

    descriptor: int | None
    path: Path | None

    @property
    def inode(self) -> int:
        """What the system calls the file."""
        return 0 if self.descriptor is None else os.fstat(self.descriptor).st_ino

    @property
    def size(self) -> int:
        """Bytes that stand there."""
        return 0 if self.descriptor is None else os.fstat(self.descriptor).st_size

    def write(self, raw: bytes) -> None:
        """Write all of it."""
        if self.descriptor is None:
            sys.stdout.write(raw.decode("utf-8"))
            sys.stdout.flush()
            return
        left = raw
        while left:
            left = left[os.write(self.descriptor, left) :]

    def read(self, start: int) -> bytes | None:
        """Return what stands there from a place on; None where that cannot be read."""
        if self.path is None:
            return None
        try:
            with self.path.open("rb") as file:
                file.seek(start)
                return file.read()
        except OSError:
            return None


@contextmanager
def opened_stream(target: Path | None) -> Iterator[Stream]:
    """Open a file to add to; None is standard output."""
    if target is not None:
        descriptor = os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            yield Stream(descriptor, target)
        finally:
            os.close(descriptor)
        return
    sys.stdout.flush()
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError, AttributeError):
        yield Stream(None, None)
        return
    regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
    yield Stream(descriptor, Path(f"/proc/self/fd/{descriptor}") if regular else None)
