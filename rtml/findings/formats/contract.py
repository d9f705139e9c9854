"""What an alert format is: a name and a function from one JSON object to an `Alert`.

A new format is one file with one `Format`, and one line: in ``formats/__init__.py``, or an entry point of
``rtml.formats`` in somebody else's package. `rtml.testing.check_format` holds it to the laws.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import polars as pl

from rtml.absent import is_nameless
from rtml.container_ids import bare_id
from rtml.errors import UsageError
from rtml.findings.attack import techniques_of
from rtml.findings.levels import LEVELS
from rtml.findings.rule_types import finding_type_of
from rtml.schema import EVENT, IDENTITY
from rtml.times import moment

__all__ = ["Alert", "Format", "Lost", "Reject", "alert", "nested", "text", "whole"]

_ABSENT = frozenset({"<NA>", "N/A", "incomplete"})
"""What engines write where they do not know: no values."""

_SAID = tuple(name for name in EVENT if name not in ("time", "host", "seq", "kind"))
"""What an alert may say of the event that it is about."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EARLIEST, _LATEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.datetime(2200, 1, 1, tzinfo=dt.UTC)

Alert: TypeAlias = dict[str, Any]
"""What `alert` returns: rule, time, level, techniques, finding type, count, identity, and the event."""


class Reject(Exception):
    """The object is no alert of this format; the text says why."""


class Lost(Reject):
    """The object is the engine's own word that it lost so many events, and no alert."""

    def __init__(self, events: int) -> None:
        super().__init__("the engine's own report of lost events")
        self.events = events


@dataclass(frozen=True)
class Format:
    """An alert format.

    Parameters
    ----------
    name
        As written on the command line: ``rtml findings import NAME``; the detector of the findings.
    read
        From one JSON object to `alert`; raises `Reject` where it is none.
    writers
        Words in the names of the engine's own containers or units (`rtml.reading.writers`).
    """

    name: str
    read: Callable[[Mapping[str, Any]], Alert]
    writers: tuple[str, ...] = ()


def alert(rule: Any, time: Any, level: str, tags: Iterable[str] = (), count: Any = 1, **facts: Any) -> Alert:
    """Make one alert of what an engine says.

    Parameters
    ----------
    rule
        Name of the rule that fired; anything but a text is none.
    time
        ISO 8601, UTC where it names no zone, or nanoseconds since 1970.
    level
        One of `rtml.findings.levels.LEVELS`.
    tags
        Techniques (``T1059``) and tactics of MITRE ATT&CK; others are passed over.
    count
        Events that the alert stands for; anything but a number above 1 is one.
    facts
        Any of `rtml.schema.IDENTITY` and of `rtml.schema.EVENT` (``output`` is the engine's own sentence);
        anything but a text, or a number where one belongs, is unknown. Of a container's id the runtime before
        it goes (`rtml.container_ids`).

    Raises
    ------
    Reject
        The time cannot be read or lies outside the years 2000 to 2200, or the level is none.

    Examples
    --------
    >>> row = alert("Shell", "2026-01-01T00:00:00Z", "high", ["T1059"], container_id="c1", cmdline="sh -i")
    >>> row["techniques"], row["container_id"], row["host"], row["event"]["cmdline"]
    (['T1059'], 'c1', None, 'sh -i')
    """
    if level not in LEVELS:
        raise Reject(f"no level {level!r}")
    marks = list(tags)
    who = {name: text(facts.get(name)) for name in IDENTITY}
    who |= {name: None for name, value in who.items() if name != "host" and is_nameless(value or "")}
    who["container_id"] = bare_id(who["container_id"] or "")
    at = _time(time)
    said = {name: _fitting(name, facts.get(name)) for name in _SAID}
    return {
        "rule": text(rule),
        "time": at,
        "count": max(1, whole(count) or 1),
        "event": {"time": at, "host": who["host"], "seq": None, "kind": "alert", **said},
        "level": level,
        "techniques": sorted(set(techniques_of(marks))),
        "type": finding_type_of((tag.removeprefix("mitre_") for tag in marks), "ImportedAlert"),
        **who,
    }


def nested(value: Any, *names: str) -> Mapping[str, Any]:
    """Follow names into nested objects; an empty one where there is none.

    Examples
    --------
    >>> nested({"process": {"pod": {"name": "a"}}}, "process", "pod"), nested({}, "process", "pod")
    ({'name': 'a'}, {})
    """
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def text(value: Any) -> str | None:
    """Return a text that says something, else None; ``<NA>``, ``N/A`` and ``incomplete`` say nothing.

    Examples
    --------
    >>> text("a"), text(""), text(7), text("<NA>")
    ('a', None, None, None)
    """
    return value if isinstance(value, str) and value.strip() and value not in _ABSENT else None


def whole(value: Any) -> int | None:
    """Return a whole number that 63 bits hold, also one that is written as text; else None.

    Examples
    --------
    >>> whole(7), whole("7"), whole(True), whole("x"), whole(2**70)
    (7, 7, None, None, None)
    """
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value):
        value = int(value)
    fits = isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
    return value if fits else None


def _fitting(name: str, value: Any) -> int | str | None:
    """Return what an event can hold of a value: users are often numbers."""
    if EVENT[name] != pl.String():
        return whole(value)
    number = name == "user" and whole(value) is not None
    return str(whole(value)) if number else text(value)


def _time(value: Any) -> dt.datetime:
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            at = _EPOCH + dt.timedelta(microseconds=value // 1000)
        else:
            at = moment(re.sub(r"(\.\d{6})\d+", r"\1", str(value)))
    except (UsageError, OverflowError):
        raise Reject("no time that can be read") from None
    if not _EARLIEST <= at < _LATEST:
        since = " (counted since boot?)" if _EPOCH <= at < _EARLIEST else ""
        raise Reject(f"a time outside the years 2000 to 2200{since}")
    return at
