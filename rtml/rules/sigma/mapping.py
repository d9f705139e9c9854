"""Sigma log sources and fields as data: ``mappings/sigma.yml`` says what each one means here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from rtml.errors import did_you_mean
from rtml.reading.packaged import packaged_yaml

__all__ = ["LogSource", "UnknownName", "log_sources"]


class UnknownName(Exception):
    """A rule names a log source or a field that is not mapped; the text says which."""


@dataclass(frozen=True)
class LogSource:
    """What a Sigma log source category means: kinds of event, and field to column.

    A field may mean several columns, of which one must pass: their names with blanks between them.
    ``lists`` are the values of placeholders. ``more_kinds`` lists fields whose use widens the
    kinds: a host name is seen in DNS queries.
    """

    category: str
    kinds: tuple[str, ...]
    where: str
    fields: dict[str, str]
    more_kinds: dict[str, tuple[str, ...]]
    lists: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)

    def column(self, field: str) -> str:
        """Return the column of a field, or several, with blanks between them.

        Examples
        --------
        >>> log_sources()["process_creation"].column("CommandLin")
        Traceback (most recent call last):
        ...
        rtml.rules.sigma.mapping.UnknownName: field 'CommandLin' is not mapped for process_creation; ...
        """
        if field not in self.fields:
            hint = did_you_mean(field, self.fields)
            raise UnknownName(f"field {field!r} is not mapped for {self.category}; {hint}")
        return self.fields[field]


@cache
def log_sources() -> dict[str, LogSource]:
    """Read the mapping: category to `LogSource`; each has the common fields too.

    Examples
    --------
    >>> log_sources()["process_creation"].kinds
    ('exec',)
    """
    data = packaged_yaml("rtml.rules", "mappings/sigma.yml", dict)
    common = data["common"]
    return {
        name: LogSource(
            category=name,
            kinds=tuple(entry["kinds"]),
            where=entry.get("where", ""),
            fields={**(common if entry.get("common", True) else {}), **entry.get("fields", {})},
            more_kinds={field: tuple(kinds) for field, kinds in entry.get("more_kinds", {}).items()},
        )
        for name, entry in data["categories"].items()
    }
