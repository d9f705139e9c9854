"""A file that grows, or standard output: one OCSF event per line."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from rtml.errors import UsageError
from rtml.findings.exports import Origin, Row
from rtml.findings.exports.contract import compact
from rtml.findings.exports.ocsf import detection_finding
from rtml.findings.sinks.contract import Deliver, Sink, Undelivered

__all__ = ["FILE", "STDOUT"]

_LONGEST = 16_000_000
"""Bytes behind which no line of ours begins."""


def _file(target: str, origin: Origin) -> Deliver:
    if not target or "://" in target:
        raise UsageError(f"{target!r}: a file here is named like file=findings.jsonl", argument="to")

    def deliver(rows: Sequence[Row]) -> dict[int, str]:
        try:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            with Path(target).open("a+b") as file:
                lines = _lines(rows, origin)
                _mend_seam(file, lines)
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise Undelivered(f"{target}: {error.strerror or error}") from error
        return {}

    return deliver


def _mend_seam(file: BinaryIO, lines: bytes) -> None:
    """Take back the line that a kill or a full disk left half: it comes again, and whole.

    What somebody else left without a line end is ended, and stays.
    """
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - _LONGEST))
    half = file.read().rpartition(b"\n")[2]
    if half and (lines.startswith(half) or b"\n" + half in lines):
        file.truncate(end - len(half))
    elif half:
        file.write(b"\n")


def _stdout(target: str, origin: Origin) -> Deliver:
    def deliver(rows: Sequence[Row]) -> dict[int, str]:
        sys.stdout.write(_lines(rows, origin).decode())
        sys.stdout.flush()
        return {}

    return deliver


def _lines(rows: Sequence[Row], origin: Origin) -> bytes:
    return "".join(f"{compact(detection_finding(row, origin))}\n" for row in rows).encode()


FILE = Sink("file", "a file that lines are added to", 500, _file)
STDOUT = Sink("stdout", "nothing", 500, _stdout)
