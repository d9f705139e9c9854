"""Errors that a person can act on: who, what, where, and the way out.

``RtmlError`` ends a command with exit code 1 (the work failed), ``UsageError`` with 2 (wrong use).
Both are printed as one line; anything else is a bug and may show a traceback. In Python they can
also be caught by kind:

================== ============================== =============================================
error              is also a                      when
================== ============================== =============================================
`RtmlError`                                       the base of all
`UsageError`       `ValueError`                   an argument or a setting is wrong
`UnknownNameError` `UsageError`, `LookupError`    a name that was asked for does not exist
`MissingError`     `LookupError`                  the data lack a column, a container, a window
`MissingFileError` `FileNotFoundError`            a file, a folder, a capture is not there
================== ============================== =============================================
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_MOST_KNOWN = 40
"""Names that an error lists; the others are counted."""

__all__ = [
    "MissingError",
    "MissingFileError",
    "NotSaved",
    "RtmlError",
    "UnknownNameError",
    "UsageError",
    "did_you_mean",
    "lookup",
    "no_capture",
    "unreadable",
]


class RtmlError(Exception):
    """The work failed for a reason that the user can understand and mend.

    Parameters
    ----------
    message
        One line; it never speaks of a command's options.
    argument
        Name of the argument that must change, where it is one; the command line knows its option.
    """

    exit_code = 1

    def __init__(self, message: str = "", argument: str | None = None) -> None:
        super().__init__(message)
        self.argument = argument


class UsageError(RtmlError, ValueError):
    """The command, the configuration or the call asks for something that does not exist."""

    exit_code = 2


class NotSaved(RtmlError):
    """Something learnt cannot be written down without pickle, which is never used; the error says what."""


class UnknownNameError(UsageError, LookupError):
    """A detector, a family, a field or another name that was asked for is not known."""


class MissingError(RtmlError, LookupError):
    """The data do not hold the column, the container or the window that was asked for."""


class MissingFileError(RtmlError, FileNotFoundError):
    """There is no such file or folder, or it is not what was asked for (no capture, no model)."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the hint at the end of an error: the nearest known name, else all of them, or the first of many.

    Examples
    --------
    >>> did_you_mean("linage", ["lineage", "binaries"])
    "did you mean 'lineage'?"
    >>> did_you_mean("zzz", ["lineage", "binaries"])
    'known: binaries, lineage'
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    more = f" and {len(names) - _MOST_KNOWN:,} more" if len(names) > _MOST_KNOWN else ""
    return f"known: {', '.join(names[:_MOST_KNOWN])}{more}"


def lookup(table: Mapping[str, T], name: str, what: str) -> T:
    """Return ``table[name]``, or raise an `UnknownNameError` that names the nearest entry.

    Examples
    --------
    >>> lookup({"bpftrace": 1}, "bpftrase", "sensor")
    Traceback (most recent call last):
    ...
    rtml.errors.UnknownNameError: unknown sensor 'bpftrase'; did you mean 'bpftrace'?
    """
    if name not in table:
        raise UnknownNameError(f"unknown {what} {name!r}; {did_you_mean(name, table)}")
    return table[name]


def no_capture(place: str) -> MissingFileError:
    """Return the error of a place that is no capture: what is there instead, and how one is made.

    Examples
    --------
    >>> no_capture("no/such/folder")
    MissingFileError('no/such/folder: no capture here (no such folder)')
    >>> str(no_capture("rtml")).partition("; ")[0]
    'rtml: no capture here (capture.json is missing)'
    """
    where = place.rstrip("/") or place
    why, made = "capture.json is missing", "; `rtml capture import auto` makes one of a sensor's files"
    if "://" not in where:
        if Path(where).is_file():
            why = "this is a file, a capture is a folder"
        elif not Path(where).exists():
            why, made = "no such folder", ""
    return MissingFileError(f"{where}: no capture here ({why}){made}", argument="capture")


def first_line(error: BaseException) -> str:
    r"""Return the first line of what an error says, or its kind where it says nothing.

    Examples
    --------
    >>> first_line(ValueError("damaged\nat byte 7")), first_line(TimeoutError())
    ('damaged', 'TimeoutError')
    """
    return next(iter(str(error).splitlines()), type(error).__name__)


def unreadable(path: Path | str, error: OSError) -> RtmlError:
    """Return the error of a file that the system does not give: a `MissingFileError` where none is.

    Examples
    --------
    >>> try:
    ...     _ = Path("no/such/file").read_bytes()
    ... except OSError as error:
    ...     unreadable("no/such/file", error)
    MissingFileError('no/such/file: No such file or directory')
    """
    kind = MissingFileError if isinstance(error, FileNotFoundError) else RtmlError
    return kind(f"{path}: {error.strerror or error}")
