"""Verdicts of analysts on findings: one file of JSON lines that suppression, training and evaluation read.

*Benign* silences findings like these (`rtml.findings.suppression.verdicts`), *attack* is a label
(`as_labels`: judged against, and left out of what is learnt), *unsure* takes back what was said before. Lines
are only ever added: a later line about a finding goes before an earlier one.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import polars as pl
import pydantic

from rtml.errors import MissingFileError, UsageError, unreadable
from rtml.reading.content import opened
from rtml.reading.faults import validated
from rtml.reading.json_text import json_value
from rtml.reading.text import read_text
from rtml.schema import LABELS
from rtml.text import visible

__all__ = [
    "SAYINGS",
    "About",
    "Verdict",
    "add_verdict",
    "as_labels",
    "benign_trees",
    "holds_verdicts",
    "read_verdicts",
    "verdicts_file",
]

Saying: TypeAlias = Literal["benign", "attack", "unsure"]
SAYINGS: tuple[Saying, ...] = ("benign", "attack", "unsure")
"""What can be said of an incident."""

_MOST_BYTES = 64_000_000


class About(pydantic.BaseModel):
    """A finding that a verdict is about: enough to know it, its like and its time again."""

    model_config = pydantic.ConfigDict(extra="ignore", frozen=True)

    finding_id: str
    start: pydantic.AwareDatetime
    end: pydantic.AwareDatetime
    type: str | None = None
    title: str | None = None
    exe: str | None = None
    workload: str | None = None
    image: str | None = None
    actor: str | None = None
    host: str | None = None
    container_id: str | None = None
    containers: tuple[str, ...] = ()
    process_id: int | None = None


class Verdict(pydantic.BaseModel):
    """A line of the file: who said what of which findings, why, and until when it silences others."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    time: pydantic.AwareDatetime
    verdict: Saying
    reason: str = pydantic.Field(min_length=1)
    by: str = pydantic.Field(min_length=1)
    expires: pydantic.AwareDatetime
    incident: str = pydantic.Field(min_length=1)
    findings: tuple[About, ...] = pydantic.Field(min_length=1)


def add_verdict(path: Path, verdict: Verdict) -> None:
    """Add a line to a file of verdicts, which appears with the first; several may write at once.

    A line that was cut (a full disk, a crash) is ended first, so that it costs itself alone.

    Raises
    ------
    MissingFileError
        Its folder is not there.
    RtmlError
        The file cannot be written there.
    """
    verdicts_file(path)
    try:
        _add(path, verdict)
    except OSError as error:
        raise unreadable(path, error) from error


def verdicts_file(place: object) -> Path:
    """Return the file that verdicts are to be kept in; it need not be there, its folder must.

    A misspelt folder that is made in silence would be a second file of verdicts.

    Raises
    ------
    UsageError
        It is no path.
    MissingFileError
        Its folder is not there.

    Examples
    --------
    >>> verdicts_file("no/such/verdicts.jsonl")
    Traceback (most recent call last):
    ...
    rtml.errors.MissingFileError: verdicts no/such/verdicts.jsonl: there is no folder no/such: make it, ...
    """
    if not isinstance(place, str | os.PathLike) or not str(place):
        raise UsageError(f"verdicts={place!r}: name the file that verdicts are kept in")
    path = Path(place)
    where, folder = visible(str(path)), visible(str(path.parent))
    if not path.parent.is_dir():
        raise MissingFileError(f"verdicts {where}: there is no folder {folder}: make it, or name another")
    if path.is_dir():
        raise UsageError(f"verdicts {where}: Is a directory; name a file in it")
    return path


def _add(path: Path, verdict: Verdict) -> None:
    with path.open("ab+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(verdict.model_dump_json(exclude_none=True).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_verdicts(path: Path) -> list[Verdict]:
    """Read a file of verdicts: of each finding what was said last, in the order of the file.

    Raises
    ------
    UsageError
        A line is no verdict; the message names it, and the file with the good ones stays as it is.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "verdicts.jsonl"
    >>> at = "2026-11-24T08:00:00Z"
    >>> said = {"time": at, "by": "me", "expires": "2027-02-01T00:00:00Z", "incident": "i",
    ...         "findings": [{"finding_id": "f", "start": at, "end": at}]}
    >>> for verdict in ("attack", "benign"):
    ...     add_verdict(file, Verdict.model_validate(said | {"verdict": verdict, "reason": "backup"}))
    >>> [verdict.verdict for verdict in read_verdicts(file)]
    ['benign']
    """
    if not path.is_file():
        raise MissingFileError(f"verdicts {path}: no such file")
    lines = enumerate(read_text(path, _MOST_BYTES).split("\n"), 1)
    said = [_verdict(line, f"{path}: line {number}") for number, line in lines if line.strip()]
    return list(reversed([*_latest(reversed(said))]))


def holds_verdicts(path: Path) -> bool:
    """Say whether the first line of a file that is JSON is a verdict (it has one, about findings)."""
    with opened(path) as (stream, _):
        line = next((line for line in stream if line.strip()), b"{}")
    try:
        first = json_value(line.decode("utf-8"))
    except ValueError:
        return False
    return isinstance(first, dict) and {"verdict", "findings"} <= first.keys()


def _verdict(line: str, where: str) -> Verdict:
    try:
        row = json_value(line)
    except ValueError as fault:
        raise UsageError(f"{where} is no JSON ({fault}); verdicts are written by Incident.verdict") from fault
    return validated(Verdict, row, where)


def _latest(said: Iterable[Verdict]) -> Iterator[Verdict]:
    """Yield verdicts, the latest first, without the findings that a later one is about."""
    known: set[str] = set()
    for verdict in said:
        left = tuple(about for about in verdict.findings if about.finding_id not in known)
        known |= {about.finding_id for about in verdict.findings}
        if left:
            yield verdict.model_copy(update={"findings": left})


def as_labels(verdicts: Sequence[Verdict]) -> pl.DataFrame:
    """Return what was said to be an attack as `rtml.schema.LABELS`, a row for each process tree.

    ``provenance`` is ``analyst``; trees of one incident are parts of one attack (``id~1``, ``id~2``).
    What is about a workload labels each of its containers; one that names no container labels nothing.
    """
    rows = [row for verdict in verdicts if verdict.verdict == "attack" for row in _attack(verdict)]
    return pl.DataFrame(rows, schema=LABELS, orient="row").sort("start", "attack_id")


def _attack(verdict: Verdict) -> list[dict[str, Any]]:
    trees: dict[tuple[Any, ...], dict[str, Any]] = {}
    for about in verdict.findings:
        for container in [about.container_id] if about.container_id else about.containers:
            row = {"host": about.host, "container_id": container, "process_id": about.process_id}
            tree = trees.setdefault(tuple(row.values()), {**row, "start": about.start, "end": about.end})
            tree["start"], tree["end"] = min(tree["start"], about.start), max(tree["end"], about.end)
    several = len(trees) > 1
    facts = {"name": verdict.reason, "provenance": "analyst", "technique": None, "grade": None, "entry": None}
    return [
        {"attack_id": f"{verdict.incident}~{part}" if several else verdict.incident, **tree, **facts}
        for part, tree in enumerate(trees.values(), 1)
    ]


def benign_trees(verdicts: Sequence[Verdict]) -> frozenset[tuple[str, int]]:
    """Return host and root of the process trees that were said to be benign."""
    said = (about for verdict in verdicts if verdict.verdict == "benign" for about in verdict.findings)
    return frozenset((a.host, a.process_id) for a in said if a.host is not None and a.process_id is not None)
