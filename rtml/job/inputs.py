"""What a job looks at: captures, folders of captures and patterns, here or in a store.

A folder that holds ``capture.json`` is a capture. Any other is searched for captures at any depth, so one
that grows gives more every time. ``*`` and ``?`` stand for parts of one folder's name, ``**`` for any
number of folders. What is hidden (``.x``) is being written and passed over.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rtml.errors import UsageError, no_capture
from rtml.job.places import Place, place_at

__all__ = ["Found", "found_captures"]

_MANIFEST = "capture.json"


@dataclass(frozen=True)
class Found:
    """A capture, and what changes when its manifest is written again."""

    url: str
    stamp: str


def found_captures(inputs: Sequence[str]) -> list[Found]:
    """Return the captures that inputs name, each once, by their places.

    Raises
    ------
    UsageError
        Nothing was named, or a store that is none.
    MissingFileError
        A folder of this machine is not there.

    Examples
    --------
    >>> found_captures(["no/such/folder"])
    Traceback (most recent call last):
    ...
    rtml.errors.MissingFileError: no/such/folder: no capture here (no such folder)
    """
    if not inputs:
        raise UsageError("no capture was named")
    captures = {found.url: found for text in inputs for found in _of(text)}
    return [captures[url] for url in sorted(captures)]


def _of(text: str) -> Iterator[Found]:
    place = place_at(text)
    if place.has_folder():
        # A name may hold a star itself: what is there is meant as it is written.
        named = place.local is not None or not _is_pattern(place.inner)
        if named:
            yield from _below(place)
            return
    if not _is_pattern(place.inner):
        raise no_capture(place.url)
    yield from _matching(place)


def _below(place: Place) -> Iterator[Found]:
    direct = [entry for entry in place.entries(recursive=False) if entry.name == _MANIFEST]
    if direct:
        yield Found(place.url, direct[0].stamp)
        return
    for folder, stamp in _folders(place):
        yield Found(f"{place.url}/{folder}", stamp)


def _folders(place: Place) -> Iterator[tuple[str, str]]:
    """Yield the folders of captures below a place, none within another, none that is hidden."""
    last = "\0"
    for entry in sorted(place.entries(), key=lambda entry: entry.name.split("/")[:-1]):
        folder, _, name = entry.name.rpartition("/")
        hidden = any(part.startswith(".") for part in folder.split("/"))
        if name == _MANIFEST and not hidden and not f"{folder}/".startswith(f"{last}/"):
            last = folder
            yield folder, entry.stamp


def _matching(place: Place) -> Iterator[Found]:
    """Yield captures whose folder, or one above it, a pattern names."""
    parts = place.inner.split("/")
    fixed = next(n for n, part in enumerate(parts) if _is_pattern(part))
    above = len(parts) - fixed
    base = Place("/".join(place.url.split("/")[:-above]), place.system, "/".join(parts[:fixed]) or "/")
    if not base.has_folder():
        return
    for folder, stamp in _folders(base):
        if _matches(folder.split("/"), parts[fixed:]):
            yield Found(f"{base.url.rstrip('/')}/{folder}", stamp)


def _matches(names: Sequence[str], patterns: Sequence[str]) -> bool:
    """Say whether patterns name a folder or one above it.

    Examples
    --------
    >>> _matches(["a", "b", "c"], ["a", "?"]), _matches(["a", "b"], ["**", "b"]), _matches(["a"], ["b*"])
    (True, True, False)
    """
    if not patterns:
        return True
    if patterns[0] == "**":
        return any(_matches(names[n:], patterns[1:]) for n in range(len(names) + 1))
    return bool(names) and fnmatch.fnmatchcase(names[0], patterns[0]) and _matches(names[1:], patterns[1:])


def _is_pattern(text: str | Iterable[str]) -> bool:
    return any(character in "*?[" for character in text)
