"""Who opens a file: the kernel tells by fanotify, which unlike inotify names the process.

Without the right to watch others (CAP_SYS_ADMIN) the kernel still says which openings are our own.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Openings", "openings"]

_REPORT_FID, _NONBLOCK, _CLOEXEC = 0x200, 0x2, 0x1
_MARK_ADD, _OPEN, _AT_FDCWD = 0x1, 0x20, -100
_EVENT = struct.Struct("=IBBHQii")  # struct fanotify_event_metadata: length first, pid last


class Openings:
    """A watch on one file; `ours` says whether this process or one that it started has opened it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._pages = descriptor, _pages_of_children()

    def ours(self) -> bool:
        """Say whether an opening since the watch began was, or cannot be shown not to be, our own."""
        had_some = _child_lives() or _pages_of_children() != self._pages
        return any(_is_ours(pid, had_some) for pid in set(self._openers()))

    def _openers(self) -> Iterator[int]:
        """Yield the process of each opening; 0 is one that the kernel does not name."""
        try:
            while events := os.read(self._descriptor, 1 << 16):
                while events:
                    length, *_, pid = _EVENT.unpack_from(events)
                    yield pid
                    events = events[length:]
        except BlockingIOError:
            return


@contextmanager
def openings(file: Path) -> Iterator[Openings | None]:
    """Watch a file; None where the system has no fanotify, or does not let it be used."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "fanotify_init"):
        yield None
        return
    descriptor = libc.fanotify_init(_REPORT_FID | _NONBLOCK | _CLOEXEC, os.O_RDONLY)
    if descriptor < 0:
        yield None
        return
    try:
        mask = ctypes.c_uint64(_OPEN)
        marked = libc.fanotify_mark(descriptor, _MARK_ADD, mask, _AT_FDCWD, os.fsencode(file))
        yield Openings(descriptor) if marked == 0 else None
    finally:
        os.close(descriptor)


def _is_ours(pid: int, had_children: bool) -> bool:
    """Ours is who descends from this process; who is gone or not named may be, if we had children."""
    while pid != os.getpid():
        if pid == 1:
            return False
        try:
            state = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            return had_children
        pid = int(state.rpartition(b")")[2].split()[1])
    return True


def _pages_of_children() -> int:
    """Return what grows with every child that has ended: the memory that it touched."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt


def _child_lives() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
