"""Errors that a person can act on: who, what, where, and the way out.

``RtmlError`` ends a command with exit code 1 (the work failed), ``UsageError`` with 2 (wrong use).
Both are printed as one line; anything else is a bug and may show a traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")

__all__ = ["NotSaved", "RtmlError", "UsageError", "did_you_mean", "lookup"]


class RtmlError(Exception):
    """The work failed for a reason that the user can understand and mend."""

    exit_code = 1


class UsageError(RtmlError, ValueError):
    """The command, the configuration or the call asks for something that does not exist."""

    exit_code = 2


class NotSaved(RtmlError):
    """Something learnt cannot be written down without pickle, which is never used; the error says what."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the hint at the end of an error: the nearest known name, else all of them.

    Examples
    --------
    >>> did_you_mean("linage", ["lineage", "binaries"])
    "did you mean 'lineage'?"
    >>> did_you_mean("zzz", ["lineage", "binaries"])
    'known: binaries, lineage'
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"


def lookup(table: Mapping[str, T], name: str, what: str) -> T:
    """Return ``table[name]``, or raise a `UsageError` that names the nearest entry.

    Examples
    --------
    >>> lookup({"bpftrace": 1}, "bpftrase", "sensor")
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: unknown sensor 'bpftrase'; did you mean 'bpftrace'?
    """
    if name not in table:
        raise UsageError(f"unknown {what} {name!r}; {did_you_mean(name, table)}")
    return table[name]
