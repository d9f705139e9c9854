"""Tell a file's format from its first bytes, so that the wrong sensor can name the right one."""

from __future__ import annotations

import zlib
from pathlib import Path

from rtml.captures.sensors import SENSORS
from rtml.errors import RtmlError

__all__ = ["recognise", "wrong_format"]

_GZIP = b"\x1f\x8b"


def recognise(head: bytes) -> str | None:
    r"""Return the name of the sensor that writes files which begin so, None when unknown.

    Parameters
    ----------
    head
        The first bytes of the file, a few hundred or more; gzip is looked into.

    Examples
    --------
    >>> recognise(b"Obj\x01..."), recognise(b"timestamp,processId,"), recognise(b"%PDF-1.7")
    ('sysflow', 'beth', None)
    """
    if head.startswith(_GZIP):
        head = _unpacked(head)
    for name, sensor in SENSORS.working():
        if sensor.signature is not None and sensor.signature(head):
            return name
    return None


def wrong_format(path: Path, wanted: str, head: bytes) -> RtmlError:
    r"""Make the error of a sensor that was given a file of another format.

    Examples
    --------
    >>> print(wrong_format(Path("a.sf"), "a BETH CSV file", b"Obj\x01"))
    a.sf: not a BETH CSV file; it looks like sysflow: try rtml capture import sysflow a.sf
    >>> print(wrong_format(Path("a.json"), "a BETH CSV file", b"{}"))
    a.json: not a BETH CSV file; it looks like JSON, which no sensor of that name reads
    """
    name = recognise(head)
    if name is not None:
        hint = f"; it looks like {name}: try rtml capture import {name} {path}"
    elif head.lstrip().startswith((b"{", b"[")):
        hint = "; it looks like JSON, which no sensor of that name reads"
    else:
        hint = ""
    return RtmlError(f"{path}: not {wanted}{hint}")


def _unpacked(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(head, 1 << 16)
    except zlib.error:
        return head
