"""Long logs of every sensor for the benchmark of readers: our own sample lines, with values that vary.

Every line differs in its times, pids, numbers, and often in paths and ids, so that nothing is read from a
cache and repeating names are as many as on a busy host (hundreds), not one.
"""

from __future__ import annotations

import datetime as dt
import random
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from rtml.captures.sensors import SENSORS
from rtml.errors import RtmlError

__all__ = ["DATA", "json_log", "sample_lines"]

DATA = Path(__file__).parents[1] / "tests" / "data"
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_ID = re.compile(r"^[0-9a-f]{12,64}$")
_KEPT = ("category_uid", "class_uid", "type_uid")
"""Numbers that say what a record is: changed ones make it none that is known."""

_CONTAINERS, _NAMES = 200, 3000


def sample_lines(sensor: str, path: Path) -> list[Any]:
    """Return the objects of a sample that are events: a log has few lines that are refused."""
    lines = path.read_bytes().split(b"\n")
    with tempfile.TemporaryDirectory() as place:
        alone = Path(place) / path.name
        return [
            orjson.loads(line) for line in lines if line.startswith(b"{") and _is_event(sensor, alone, line)
        ]


def _is_event(sensor: str, alone: Path, line: bytes) -> bool:
    alone.write_bytes(line + b"\n")
    try:
        reading = SENSORS[sensor].read(alone)
    except RtmlError:
        return False
    return reading.rejects.is_empty() and not reading.events.is_empty()


def json_log(sensor: str, sample: Path, size: int, seed: int = 1) -> bytes:
    """Return so many bytes of JSON lines: the sample again and again, no line as another."""
    lines, chance, parts, written = sample_lines(sensor, sample), random.Random(seed), list[bytes](), 0
    for number, value in _endless(lines):
        line = orjson.dumps(_varied(value, number, chance)) + b"\n"
        parts.append(line)
        written += len(line)
        if written >= size:
            return b"".join(parts)
    return b"".join(parts)


def _endless(lines: list[Any]) -> Iterator[tuple[int, Any]]:
    number = 0
    while lines:
        for line in lines:
            yield number, line
            number += 1


def _varied(value: Any, number: int, chance: random.Random) -> Any:
    if isinstance(value, dict):
        return {
            name: inner if name in _KEPT else _varied(inner, number, chance) for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_varied(inner, number, chance) for inner in value]
    if isinstance(value, bool) or not isinstance(value, int | str):
        return value
    if isinstance(value, int):
        return _number(value, number, chance)
    return _text(value, number, chance)


def _number(value: int, number: int, chance: random.Random) -> int:
    """Move times on by a millisecond a line; other numbers above a thousand vary."""
    for unit in (10**18, 10**15, 10**12):
        if unit < value < 5 * unit:
            return value + number * (unit // 10**12)
    return value + chance.randrange(4000) if 1000 < value < 10**9 else value


def _text(value: str, number: int, chance: random.Random) -> str:
    if _TIME.match(value):
        second = dt.datetime.fromisoformat(value[:19]) + dt.timedelta(seconds=number // 1000)
        return f"{second.isoformat()}.{number % 1000:03d}{chance.randrange(10**6):06d}Z"
    if _ID.match(value):
        return f"{chance.randrange(_CONTAINERS):04x}{value[4:]}"
    if value.startswith("/") and " " not in value and chance.random() < 0.5:
        return f"{value}.{chance.randrange(_NAMES)}"
    return value
