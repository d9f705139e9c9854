"""One follower per capture: the system lets go of the lock when its process ends, however it ends."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rtml.errors import RtmlError
from rtml.reading.json_text import json_of

__all__ = ["locked"]

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@contextmanager
def locked(path: Path, out: Path) -> Iterator[None]:
    """Hold the lock file ``path`` of the capture ``out``; a file that a dead process left is taken over.

    Raises
    ------
    RtmlError
        Another process follows into ``out``; the message says which.

    Examples
    --------
    >>> import tempfile
    >>> lock = Path(tempfile.mkdtemp()) / "lock"
    >>> with locked(lock, Path("c")), locked(lock, Path("c")):
    ...     pass
    Traceback (most recent call last):
    ...
    rtml.errors.RtmlError: c: is followed into already, by process ... on ...; stop that one, or choose ...
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _taken(path, out) from None
        file.truncate(0)
        boot = _BOOT.read_text("ascii").strip() if _BOOT.is_file() else ""
        file.write(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "boot": boot}) + "\n")
        file.flush()
        yield


def _taken(path: Path, out: Path) -> RtmlError:
    try:
        holder = json_of(path.read_text("utf-8"))
        who = f"process {holder['pid']} on {holder['host']}"
    except (ValueError, KeyError, TypeError, OSError):
        who = "another process"
    return RtmlError(
        f"{out}: is followed into already, by {who}; stop that one, or choose another place", argument="out"
    )
