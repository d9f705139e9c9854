"""Which files are pieces of one log: rotation says so in their names."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["log_of"]

_PACKED = r"\.(?:gz|zst|zstd|zip|bz2|xz)"
_NUMBER = r"(?<!\d\.\d)(?<!\d\.\d\d)(?<!\d\.\d\d\d)\.\d{1,4}"  # not the end of an address
_DAY = r"(?:19|20)\d\d[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12]\d|3[01])"
_HOUR = r"(?:[-_.T]?\d\d(?:[-_.:]?\d\d(?:[-_.:]?\d\d(?:[.,]\d{1,9})?)?)?Z?)?"
_MOMENT = rf"[-_.](?:{_DAY}{_HOUR}|1\d{{9}}(?:\d{{3}})?)(?:-\d{{1,4}})?"
_MARKS = (re.compile(rf"{_PACKED}$", re.I), re.compile(rf"{_NUMBER}$"), re.compile(rf"{_MOMENT}$"))
_INSIDE = re.compile(rf"{_MOMENT}(?=\.[A-Za-z]+$)")


def log_of(path: Path) -> str:
    """Return the log that a file is a piece of, with its folder: the name without what rotation adds.

    That is a number (``.1``), a day or moment before or after the ending (``-20261126``, seconds since 1970,
    ``-2026-11-26T10-00-00.000``), and how it is packed. Logs of other names are others, whatever they hold.

    Examples
    --------
    >>> names = ["audit.log", "audit.log.2.gz", "audit-20261126.log.zst", "audit.log-2026-11-26", "other.log"]
    >>> [log_of(Path(name)) for name in names]
    ['audit.log', 'audit.log', 'audit.log', 'audit.log', 'other.log']
    """
    name, before = path.name, ""
    while name != before:
        before = name
        for mark in (*_MARKS, _INSIDE):
            name = mark.sub("", name) or name
    return str(path.parent / name)
