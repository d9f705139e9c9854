"""Which column of somebody's rows is what: a file of the user's, held against the event table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import pydantic

from rtml.errors import UsageError, did_you_mean
from rtml.reading.faults import validated
from rtml.reading.user_yaml import read_yaml
from rtml.schema import KINDS, POLARS

__all__ = ["TARGETS", "Mapping", "Source", "columns_of", "read_mapping", "require_columns"]

_OURS = ("time", "kind", "seq", "sensor", "process_id", "parent_id", "target_id")
TARGETS = tuple(name for name in POLARS if name not in _OURS)
"""Columns of events that a mapping may fill under ``columns``; others have their own keys, or are ours."""


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Source(_Strict):
    """What is no column alone: one ``value`` for all rows, or a ``folder`` and a ``file`` in it."""

    value: str | None = None
    folder: str | None = None
    file: str | None = None


class Time(_Strict):
    """The column of the time, and how it is written: ISO 8601, or a number of a unit since 1970."""

    column: str
    format: Literal["iso", "s", "ms", "us", "ns"] = "iso"


class Kind(_Strict):
    """The column that tells the kind of an event, and what its values mean."""

    column: str
    values: dict[str | int, str]


class Mapping(_Strict):
    """Which column is what; ``optional`` names columns that a file may do without."""

    time: Time
    kind: str | Kind
    columns: dict[str, str | list[str] | Source]
    optional: list[str] = []

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds that rows can become."""
        return frozenset([self.kind] if isinstance(self.kind, str) else self.kind.values.values())


def read_mapping(path: Path) -> Mapping:
    r"""Read a mapping.

    Raises
    ------
    UsageError
        The file cannot be read; a key, a column of events or a kind is not known, and which is meant.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "m.yml"
    >>> _ = path.write_text("time: {column: At}\nkind: exec\ncolumns: {exe: Path, cmdlin: Command}")
    >>> read_mapping(path)
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: ...m.yml: columns: events have no column 'cmdlin' to fill; did you mean 'cmdline'?
    """
    mapping = validated(Mapping, read_yaml(path, dict, "a mapping says what columns are"), str(path))
    for target, source in mapping.columns.items():
        if target not in TARGETS:
            hint = did_you_mean(target, TARGETS)
            raise UsageError(f"{path}: columns: events have no column {target!r} to fill; {hint}")
        whole = not isinstance(source, Source) or source.model_fields_set in ({"value"}, {"folder", "file"})
        if not source or not whole:
            hint = "is a column, a list of them, 'value', or 'folder' and 'file'"
            raise UsageError(f"{path}: columns.{target}: {hint}")
    for kind in sorted(mapping.kinds):
        if kind not in KINDS:
            raise UsageError(f"{path}: unknown kind {kind!r}; {did_you_mean(kind, KINDS)}")
    columns = columns_of(mapping)
    for name in mapping.optional:
        if name not in columns:
            hint = did_you_mean(name, columns)
            raise UsageError(f"{path}: optional: {name!r} is no column that is mapped; {hint}")
    for name in columns:
        if not all(name.split("/")) or any(other.startswith(name + "/") for other in columns):
            raise UsageError(f"{path}: {name!r} is no name of a column beside the others")
    return mapping


def columns_of(mapping: Mapping) -> list[str]:
    """Return every column that a mapping reads, once."""
    kind = [] if isinstance(mapping.kind, str) else [mapping.kind.column]
    named = [name for source in mapping.columns.values() for name in _names(source)]
    return list(dict.fromkeys([mapping.time.column, *kind, *named]))


def _names(source: str | list[str] | Source) -> Iterator[str]:
    if isinstance(source, str):
        yield source
    elif isinstance(source, list):
        yield from source
    else:
        yield from filter(None, (source.folder, source.file))


def require_columns(path: Path, mapping: Mapping, there: Iterable[str], known: Iterable[str]) -> None:
    """Raise a `UsageError` where a file lacks a column; ``known`` are those that may have been meant."""
    present = set(there)
    for name in columns_of(mapping):
        if name not in present and name not in mapping.optional:
            names = [other for other in dict.fromkeys(known) if other.isprintable() and other][:60]
            hint = did_you_mean(name, names) if names else "the file names no columns"
            raise UsageError(
                f"{path}: no column {name!r}, which the mapping reads; {hint}"
                " (a column that may be absent is named under 'optional')"
            )
