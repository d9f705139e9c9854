"""Standard input, put on disk before it is read: what came by a pipe can be read again after a kill."""

from __future__ import annotations

import os
import select
import stat
from pathlib import Path

from rtml.captures.following.place import Place
from rtml.captures.following.tail import Tail

__all__ = ["Spool"]

_PIECE = 64_000_000
_MOST = 256_000_000
"""Bytes on disk that are not dealt with: then nothing more is taken, and whoever writes has to wait."""

_CHUNK = 1 << 20


class Spool(Tail):
    """A `Tail` of what comes from a descriptor, in files of ``folder`` that are removed when they are done.

    Between two runs the same pipe goes on in the middle of a line; of another one a new line begins.
    """

    rest = 0.02
    """A pipe holds little: whoever writes waits while nobody takes it."""

    def __init__(self, folder: Path, place: Place, source: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder / (place.name or "0"), place)
        self._folder, self._source, self.over = folder, source, False
        self._number = max([int(self.path.name), *(int(file.name) for file in folder.iterdir())])
        self._out = os.open(folder / str(self._number), os.O_WRONLY | os.O_CREAT, 0o644)
        os.lseek(self._out, 0, os.SEEK_END)
        self._mend_seam()

    def fill(self, size: int) -> int:
        """Take what has come, and read of it; see `Tail.fill`."""
        while not self.over and self._behind() < _MOST and self._ready():
            if not self._take():
                self.over = True
            elif self._behind() >= size:
                break
        return super().fill(size)

    def ended(self) -> bool:
        """Tell whether the file at hand is full: the next one is being written."""
        return int(self.path.name) < self._number

    def turn(self) -> None:
        """Go on to the next file, and remove the one that is done once that has been kept (`forget`)."""
        self.close()
        self.path = self._folder / str(int(self.path.name) + 1)
        self.place = Place(name=self.path.name)

    def forget(self) -> None:
        """Remove files before the place; call it when the place has been kept."""
        for file in self._folder.iterdir():
            if int(file.name) < int(self.place.name):
                file.unlink()

    def _take(self) -> int:
        """Move bytes from the pipe to disk; where the system can, in one step that no kill divides."""
        if os.fstat(self._out).st_size >= _PIECE:
            os.close(self._out)
            self._number += 1
            self._out = os.open(self._folder / str(self._number), os.O_WRONLY | os.O_CREAT, 0o644)
        if hasattr(os, "splice") and stat.S_ISFIFO(os.fstat(self._source).st_mode):
            return os.splice(self._source, self._out, _CHUNK)
        raw = os.read(self._source, _CHUNK)
        left = raw
        while left:
            left = left[os.write(self._out, left) :]
        return len(raw)

    def _ready(self) -> bool:
        """Tell whether something has come, or the end; a file is always ready."""
        return bool(select.select([self._source], [], [], 0)[0])

    def _behind(self) -> int:
        done = self.place.offset + len(self.buffer)
        first = int(self.path.name)
        return sum((self._folder / str(n)).stat().st_size for n in range(first, self._number + 1)) - done

    def _mend_seam(self) -> None:
        """End the line that another pipe left unfinished."""
        mark, now = self._folder.with_name("stdin"), str(os.fstat(self._source).st_ino)
        before = mark.read_text() if mark.is_file() else now
        mark.write_text(now)
        size = os.fstat(self._out).st_size
        if before != now and size:
            with (self._folder / str(self._number)).open("rb") as file:
                file.seek(size - 1)
                if file.read() != b"\n":
                    os.write(self._out, b"\n")
