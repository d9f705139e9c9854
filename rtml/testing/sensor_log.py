"""A sample taken apart into lines that are events by themselves, so that laws can change one of them."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from rtml.captures.sensors import Reading, Sensor
from rtml.errors import RtmlError
from rtml.reading.content import opened
from rtml.reading.parquet import is_parquet
from rtml.schema import conform

__all__ = ["Log", "log_of", "rows_of", "total"]

_MOST = 14
_TRIED = 80
_LONGEST = 100_000


@dataclass(frozen=True)
class Log:
    """Lines of a sample: those of the head, and good ones, each an event where it stands alone."""

    sensor: Sensor
    name: str
    head: tuple[bytes, ...]
    lines: tuple[bytes, ...]

    def bytes_of(self, lines: Sequence[bytes]) -> bytes:
        """Return the file that has these lines behind its head."""
        return b"".join(line + b"\n" for line in (*self.head, *lines))

    def read(self, content: bytes | Sequence[bytes]) -> Reading:
        """Read a file of this name with other content, or with other lines."""
        raw = content if isinstance(content, bytes) else self.bytes_of(content)
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / self.name
            path.write_bytes(raw)
            return self.sensor.read(path)


def log_of(sensor: Sensor, sample: Path) -> Log | None:
    """Return the lines of a sample; None where the format has none (`rtml.captures.sensors.Written`).

    Examples
    --------
    >>> from dataclasses import replace
    >>> from rtml.captures.sensors import SENSORS, Written
    >>> log_of(replace(SENSORS["sysflow"], written=Written("binary")), Path("a.sf")) is None
    True
    """
    if sensor.written.form == "binary":
        return None
    with opened(sample) as (stream, _):
        raw = stream.read()
    return None if is_parquet(raw) else _good(sensor, sample.name.removesuffix(".gz"), raw)


@cache
def _good(sensor: Sensor, name: str, raw: bytes) -> Log:
    every = [line.rstrip(b"\r") for line in raw.split(b"\n")]
    head, body = tuple(every[: sensor.written.head]), every[sensor.written.head :]
    log, found = Log(sensor, name, head, ()), list[bytes]()
    for line in list(dict.fromkeys(body))[:_TRIED]:
        if line.strip() and len(line) < _LONGEST and len(found) < _MOST and _one_more(log, found, line):
            found.append(line)
    assert len(found) > 1, (
        f"only {len(found)} lines of {name} are an event by themselves: `Sensor.written` says how records"
        f" stand in the file, now {sensor.written}"
    )
    return Log(sensor, name, head, tuple(found))


def _one_more(log: Log, found: list[bytes], line: bytes) -> bool:
    """Tell whether a line is one event by itself, and one more behind those that were found."""
    for lines in ([line], [*found, line]):
        try:
            reading = log.read(lines)
        except RtmlError:
            return False
        if reading.events.height != len(lines) or total(reading) != len(lines):
            return False
    return True


def rows_of(events: pl.DataFrame) -> Counter[str]:
    """Return events as texts that can be counted and compared, whatever columns they come with."""
    whole = conform(events).drop("seq")
    return Counter(map(repr, whole.rows()))


def total(reading: Reading) -> int:
    """Return how many records a reading accounts for: events, rejects, and what is beside."""
    return reading.events.height + reading.rejects.height + sum(reading.beside.values())
