"""``auto`` for a log that grows: its sensor, told by what was followed before or by its beginning."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from rtml.captures.following.commits import FOLDER
from rtml.captures.following.place import Place
from rtml.captures.following.spool import Spool
from rtml.captures.manifest import parse_manifest
from rtml.captures.sensors.choosing import choose
from rtml.captures.sensors.recognise import recognise
from rtml.errors import RtmlError
from rtml.reading.content import first_bytes

__all__ = ["writer_of"]

_HEAD = 1 << 16
_SLEEP = 0.05


def writer_of(source: Path | None, out: Path, stopped: Callable[[], bool]) -> str:
    """Return the name of the sensor that writes a log.

    Parameters
    ----------
    source
        The log; None: standard input, which is waited for until its first lines tell (what was read of it
        stays in the spool of ``out``), and at most 64 kB of it.
    out
        The capture; one that was followed into before says it.
    stopped
        Asked whether to wait no longer.

    Raises
    ------
    RtmlError
        Nothing has been written yet, or of no sensor that is known.
    """
    manifest = out / "capture.json"
    if manifest.is_file():
        return parse_manifest(manifest.read_text("utf-8"), str(manifest)).sensor
    if source is not None:
        if not first_bytes(source, _HEAD).strip():
            raise RtmlError(f"{source}: nothing there tells its sensor yet: name it instead of auto")
        return choose([source]).sensor
    name = recognise(_first_lines(out / FOLDER / "spool", stopped))
    if name is None:
        raise RtmlError(
            "standard input: of no sensor that is known; if it is of one, name it instead of auto"
        )
    return name


def _first_lines(folder: Path, stopped: Callable[[], bool]) -> bytes:
    """Return the beginning of standard input as soon as whole lines of it tell the sensor."""
    spool = Spool(folder, Place(name=""))
    while not (spool.over or stopped() or len(spool.buffer) >= _HEAD):
        if not spool.fill(_HEAD):
            time.sleep(_SLEEP)
        elif recognise(spool.buffer[: spool.buffer.rfind(b"\n") + 1]) is not None:
            break
    head = spool.buffer[:_HEAD]
    spool.close()
    return head
