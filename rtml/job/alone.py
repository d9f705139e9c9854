"""One job per output: a lock that ends with its process, however that ends.

On this machine the system holds it (``flock``) and lets go when the process is gone. In a store it is an
object that is written anew every `BEAT` seconds: one that has not been for `STALE` seconds is of a job that
died. Two that begin in the same moment both see each other and both refuse.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pyarrow import fs

from rtml.errors import RtmlError
from rtml.job.places import Place
from rtml.reading.json_text import json_of

__all__ = ["BEAT", "LOCK", "STALE", "Busy", "alone"]

BEAT = 20.0
STALE = 120.0
LOCK = ".lock"


class Busy(RtmlError):
    """Another job is writing into the output."""

    exit_code = 4


@contextmanager
def alone(out: Place) -> Iterator[None]:
    """Hold the output; `Busy` where another job does."""
    if out.local is not None:
        with _held(out.local / LOCK, out.url):
            yield
    else:
        with _leased(out):
            yield


@contextmanager
def _held(path: Path, shown: str) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(shown, path.read_bytes()) from None
        file.truncate(0)
        file.write(_who())
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


@contextmanager
def _leased(out: Place) -> Iterator[None]:
    own, ended = f"{LOCK}/{secrets.token_hex(8)}", threading.Event()
    beating = threading.Thread(target=_beat, args=(out, own, ended), daemon=True)
    out.write(own, _who().encode())
    try:
        for other in _others(out, own):
            raise _busy(out.url, out.read(other) or b"")
        beating.start()
        yield
    finally:
        ended.set()
        if beating.ident is not None:
            beating.join()
        out.remove(own)


def _beat(out: Place, own: str, ended: threading.Event) -> None:
    while not ended.wait(BEAT):
        with suppress(RtmlError):  # a store that fails now may answer at the next beat
            out.write(own, _who().encode())


def _others(out: Place, own: str) -> Iterator[str]:
    """Yield locks of jobs that live, by the clock of the store; those of dead ones are removed."""
    found = out.system.get_file_info(fs.FileSelector(f"{out.inner}/{LOCK}", allow_not_found=True))
    locks = {f"{LOCK}/{info.base_name}": info.mtime for info in found if info.type == fs.FileType.File}
    now = locks.get(own) or dt.datetime.now(dt.UTC)
    for name, written in sorted(locks.items()):
        if name != own and written is not None and (now - written).total_seconds() > STALE:
            out.remove(name)
        elif name != own:
            yield name


def _who() -> str:
    return json.dumps({"pid": os.getpid(), "host": socket.gethostname()})


def _busy(shown: str, holder: bytes) -> Busy:
    try:
        said = json_of(holder)
        who = f"process {said['pid']} on {said['host']}"
    except (ValueError, KeyError, TypeError):
        who = "another process"
    return Busy(f"{shown}: a job is writing into it already ({who}); wait for it, or choose another place",
                argument="out")  # fmt: skip
