"""The bytes of a log that grows, over all the files that it is rotated into, from a place on."""

from __future__ import annotations

import io
import os
import time
from contextlib import ExitStack
from pathlib import Path

from rtml.captures.following.place import MARK, Place, find, hashed, later, packed
from rtml.reading.content import opened

__all__ = ["Tail"]

_CHUNK = 1 << 20


class Tail:
    """Reads on where ``place`` is, in whatever file that lies now.

    A log that is renamed and begun anew is read to its end first, and so are files between, packed or not.
    One that is copied and cut (``copytruncate``) is read on in its copy. One that shrank, or was replaced,
    without leaving what was not read yet in a file beside it is read from its start, and ``place.broken``
    counts it.

    Attributes
    ----------
    buffer
        What was read behind the place and not dealt with yet.
    rest
        Seconds between two looks for more, at most.
    """

    rest = 60.0

    def __init__(self, path: Path, place: Place) -> None:
        self.path, self.place, self.buffer = path, place, b""
        self._file, self._open_files = path, ExitStack()
        self._stream: io.RawIOBase | io.BufferedReader | None = None
        self._descriptor, self._before = -1, b""
        self._asleep = self._lost = False

    def close(self) -> None:
        """Close the file; what is in the buffer is read again when it is opened."""
        self._open_files.close()
        self._stream, self.buffer, self._asleep = None, b"", False

    def fill(self, size: int) -> int:
        """Read up to ``size`` more bytes of the file at hand into the buffer; return how many there were."""
        if self._lost or (self._stream is None and not self._open()):
            return 0
        if self._asleep and not self._as_it_was():
            self._lose_place()
            return 0
        assert self._stream is not None
        raw = self._stream.read(size) or b""
        self.buffer += raw
        self._asleep = not raw
        return len(raw)

    def ended(self) -> bool:
        """Tell whether the file at hand, read to its end, grows no more: its name stands for another."""
        if self._lost or self._stream is None:
            return self._lost
        if self._file != self.path:
            return True
        return self.path.exists() and self.path.stat().st_ino != os.fstat(self._descriptor).st_ino

    def quiet(self, seconds: float) -> bool:
        """Tell whether nothing has been written to the file at hand for so long."""
        return self._stream is not None and time.time() - os.fstat(self._descriptor).st_mtime > seconds

    def advance(self, size: int) -> None:
        """Move the place behind the next ``size`` bytes of the buffer: they have been dealt with."""
        dealt, self.buffer = self.buffer[:size], self.buffer[size:]
        self._before = (self._before + dealt)[-MARK:] if size < MARK else dealt[-MARK:]
        place = {"offset": self.place.offset + size, "line": self.place.line + dealt.count(b"\n")}
        self.place = self.place.model_copy(update={**place, "mark": hashed(self._before)})

    def turn(self) -> None:
        """Go on to the next file: the one at hand has ended, and everything of it has been dealt with."""
        after, lost = self.place.after, self._lost
        if not lost:
            after = max(after, os.fstat(self._descriptor).st_mtime_ns)
        self.close()
        following = self.path if lost else later(self.path, after)
        self._lost = False
        self.place = Place(
            name=following.name, inode=_inode(following), after=after, broken=self.place.broken + lost
        )

    def _open(self) -> bool:
        file = find(self.path, self.place)
        if file is None:
            self._lost = True
            return False
        if not file.is_file():
            return False
        plain = self._open_files.enter_context(file.open("rb", buffering=0))
        self._descriptor = plain.fileno()
        self._stream = self._open_files.enter_context(opened(file))[0] if packed(file) else plain
        self._file = file
        self.place = self.place.model_copy(update={"name": file.name, "inode": _inode(file)})
        self._pass_over(self.place.offset)
        return True

    def _pass_over(self, size: int) -> None:
        """Go to the place, keeping what stands before it."""
        assert self._stream is not None
        self._before, left = b"", size
        if not packed(self._file) and size > MARK:
            self._stream.seek(size - MARK)
            left = MARK
        while left and (passed := self._stream.read(min(left, _CHUNK))):
            left -= len(passed)
            self._before = (self._before + passed)[-MARK:]

    def _as_it_was(self) -> bool:
        """Tell whether what was read last still stands before the end that was met."""
        read = (self._before + self.buffer)[-MARK:]
        if packed(self._file):
            return True
        end = self.place.offset + len(self.buffer)
        return os.pread(self._descriptor, len(read), end - len(read)) == read

    def _lose_place(self) -> None:
        """Look for the place in a copy of the cut file; without one, what was read of it is its end."""
        if find(self.path, self.place) is None or not self.place.offset:
            self._lost = True
        else:
            self.close()


def _inode(path: Path) -> int:
    return path.stat().st_ino if path.exists() else 0
