"""The examples of correlations: short stories in events, in the file beside each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rtml.rules.correlations.contract import Correlation, document_of

__all__ = ["Example", "examples_of"]

_START = dt.datetime(2026, 1, 1, 10, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Example:
    """Events of a capture, and whether the correlation must match in them."""

    name: str
    matches: bool
    events: tuple[dict[str, Any], ...]


def examples_of(correlation: Correlation) -> list[Example]:
    """Read the examples of a correlation.

    Returns
    -------
    Events have ``time``, ``seq`` and ``host``, and are of container ``c1`` where they name none;
    those to match come first. ``at`` is in seconds from the beginning, ``times`` repeats an event.

    Examples
    --------
    >>> from rtml.rules.correlations import PORT_SCAN
    >>> [(example.matches, len(example.events)) for example in examples_of(PORT_SCAN)][:2]
    [(True, 16), (True, 25)]
    """
    document = document_of(correlation.name)
    return [
        Example(str(story["name"]), verdict == "match", tuple(_numbered(story["events"])))
        for verdict in ("match", "ignore")
        for story in document.get(verdict, [])
    ]


def _numbered(events: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for seq, event in enumerate(copy for plain in events for copy in _repeated(plain)):
        seconds = event.pop("at", seq)
        common = {"host": "h", "container_id": "c1", "workload": "web", "process_id": 1}
        time = _START + dt.timedelta(seconds=float(seconds))
        yield {**common, **event, "seq": seq, "time": time}


def _repeated(event: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    plain = {name: value for name, value in event.items() if name != "times"}
    times = int(event.get("times", 1))
    for n in range(1, times + 1):
        yield {name: _counted(value, n) for name, value in plain.items()}


def _counted(value: Any, n: int) -> Any:
    if value == "+n":
        return n
    return value.replace("{n}", str(n)) if isinstance(value, str) else value
