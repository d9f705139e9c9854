"""What an argument must be, checked while the command line is read: before any heavy import.

Each check takes the value of an option or argument (one, a list, or None where it was not given)
and returns it, or raises the error that the work itself would have ended with seconds later.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

from rtml.commands.names import AUTO, GENERIC, PACKS, SENSORS, SINKS
from rtml.errors import (
    MissingFileError,
    RtmlError,
    UnknownNameError,
    UsageError,
    did_you_mean,
    no_capture,
    unreadable,
)
from rtml.reading.urls import is_url
from rtml.reading.whole import require_new
from rtml.rules.reputation.categories import CATEGORIES

__all__ = [
    "account",
    "bad_list",
    "baseline",
    "capture",
    "configuration",
    "existing",
    "intelligence",
    "local",
    "new",
    "one_of",
    "pack",
    "readable",
    "region",
    "sensor",
    "sink",
]


def _values(value: Any) -> Iterable[Any]:
    if value is None:
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def one_of(noun: str, names: Collection[str]) -> Callable[[Any], Any]:
    """Make the check that a value is among names; ``noun`` says what they are names of.

    Examples
    --------
    >>> one_of("gate", ("none", "ours"))("our")
    Traceback (most recent call last):
    ...
    rtml.errors.UnknownNameError: unknown gate 'our'; did you mean 'ours'?
    """

    def check(value: Any) -> Any:
        for name in _values(value):
            if name not in names:
                raise UnknownNameError(f"unknown {noun} {name!r}; {did_you_mean(name, names)}")
        return value

    return check


def sensor(value: str) -> str:
    """Check the name of a sensor; another one's is never taken for a slip of the pen.

    Examples
    --------
    >>> sensor("zeek-ng")
    Traceback (most recent call last):
    ...
    rtml.errors.UnknownNameError: unknown sensor 'zeek-ng'; known: auto, ...
    """
    known = [AUTO, *SENSORS, GENERIC]
    if value in known:
        return value
    near = difflib.get_close_matches(value, known, 1, cutoff=0.8)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}; auto looks at the files"
    raise UnknownNameError(f"unknown sensor {value!r}; {hint}")


def readable(value: list[str]) -> list[str]:
    """Check that files exist; ``-`` is standard input, and patterns and URLs are left to the work.

    Examples
    --------
    >>> readable(["-", "no/such/*.json", "s3://bucket/logs"])
    ['-', 'no/such/*.json', 's3://bucket/logs']
    """
    local = [path for path in value if path != "-" and not is_url(path)]
    existing([path for path in local if not set(path) & set("*?[")])
    return value


def existing(value: Any) -> Any:
    """Check that files or folders exist.

    Examples
    --------
    >>> existing(Path("no/such/file"))
    Traceback (most recent call last):
    ...
    rtml.errors.MissingFileError: no/such/file: No such file or directory
    """
    for path in _values(value):
        try:
            Path(path).stat()
        except OSError as error:
            raise unreadable(path, error) from error
    return value


def configuration(value: Path | None) -> Path | None:
    """Check that an experiment's file exists, where one is named; without one nothing was asked for."""
    try:
        existing(value)
    except RtmlError as error:
        raise UsageError(str(error)) from error
    return value


def sink(value: Any) -> Any:
    """Check the sink before ``=``, of one or of several.

    Examples
    --------
    >>> sink("oltp=http://localhost:4318")
    Traceback (most recent call last):
    ...
    rtml.errors.UnknownNameError: unknown sink 'oltp'; did you mean 'otlp'?
    """
    for one in _values(value):
        one_of("sink", SINKS)(one.partition("=")[0])
    return value


def local(value: Any) -> Any:
    """Check that a place to write is on this machine: ``s3://x`` would become a folder called ``s3:``.

    Examples
    --------
    >>> local(Path("s3://bucket/x"))
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: s3:/bucket/x: is written on this machine only; name a file here and copy it there
    """
    for path in _values(value):
        if is_url(path):
            hint = "is written on this machine only; name a file here and copy it there"
            raise UsageError(f"{path}: {hint}", argument="out")
    return value


def account(value: str) -> str:
    """Check an account of AWS: 12 digits."""
    if not re.fullmatch("[0-9]{12}", value):
        raise UsageError(f"account {value!r}: must be 12 digits")
    return value


def region(value: str) -> str:
    """Check the name of a region of AWS.

    Examples
    --------
    >>> region("eu-west")
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: region 'eu-west': must be like eu-west-1
    """
    if not re.fullmatch("[a-z]{2}(-[a-z]+)+-[0-9]{1,2}", value):
        raise UsageError(f"region {value!r}: must be like eu-west-1")
    return value


def new(value: Any) -> Any:
    """Check that nothing is there yet."""
    for path in _values(value):
        require_new(path)
    return value


def capture(value: Any) -> Any:
    """Check that folders hold a capture; URLs are left to the work.

    Examples
    --------
    >>> capture(["no/such/folder"])
    Traceback (most recent call last):
    ...
    rtml.errors.MissingFileError: no/such/folder: no capture here (no such folder)
    """
    for path in _values(value):
        if "://" not in path and not (Path(path) / "capture.json").is_file():
            raise no_capture(path)
    return value


def baseline(value: str | None) -> str | None:
    """Check that a place holds a baseline or a model; URIs are left to the work.

    Examples
    --------
    >>> baseline("no/such/folder")
    Traceback (most recent call last):
    ...
    rtml.errors.MissingFileError: no/such/folder: No such file or directory
    """
    from rtml.tracking.places import is_remote

    if value is None or is_remote(value):
        return value
    existing(value)
    if not any((Path(value) / name).is_file() for name in ("baseline.json", "model.json")):
        where = value.rstrip("/") or "/"
        raise MissingFileError(f"{where}: no baseline here (neither baseline.json nor model.json)")
    return value


def pack(value: str | None) -> str | None:
    """Check the name of a rule pack, or ``none``."""
    return value if value == "none" else one_of("rule pack", PACKS)(value)


def intelligence(value: Any) -> Any:
    """Check that descriptions of threat lists exist; ``test`` stands for the shipped ones."""
    existing([path for path in _values(value) if str(path) != "test"])
    return value


def bad_list(value: list[str]) -> list[str]:
    """Check ``category=FILE``.

    Examples
    --------
    >>> bad_list(["malicous=x.txt"])
    Traceback (most recent call last):
    ...
    rtml.errors.UnknownNameError: unknown category 'malicous'; did you mean 'malicious'?
    """
    for option in value:
        category, equals, file = option.partition("=")
        if not equals or not file:
            hint = "write category=FILE, for instance malicious=x.txt"
            raise UsageError(f"{option!r}: {hint}", argument="bad")
        one_of("category", CATEGORIES)(category)
        existing(file)
    return value
