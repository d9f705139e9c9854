"""Laws of sensors about the bytes of a file: how lines are ended, packed, damaged, doubled and moved."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from unittest import mock

import pyarrow as pa

from rtml.captures.sensors import Reading, Sensor
from rtml.reading import content
from rtml.testing.sensor_log import Log, log_of, rows_of, total

__all__ = ["DAMAGE_LAWS"]

_SECONDS = 30.0
"""Of the processor, for one damaged file: a hundred times what such a file takes."""
_HUGE = 3_000_000
_BOMB = 20_000_000
_FREE = 1_000_000

_SPELLED: Mapping[str, Callable[[bytes], bytes]] = {
    "CR LF": lambda raw: raw.replace(b"\n", b"\r\n"),
    "a byte-order mark": lambda raw: b"\xef\xbb\xbf" + raw,
    "no end of the last line": lambda raw: raw.removesuffix(b"\n"),
    "empty lines behind": lambda raw: raw + b"\n\n",
    "gzip": gzip.compress,
    "gzip in two members": lambda raw: gzip.compress(raw[:99]) + gzip.compress(raw[99:]),
    "zstd": lambda raw: pa.Codec("zstd").compress(raw, asbytes=True),
}
"""What says the same in other bytes."""


def _halved(line: bytes) -> bytes:
    return line[: len(line) // 2]


_DAMAGED: Mapping[str, Callable[[bytes], bytes]] = {
    "cut": _halved,
    "a byte that is no UTF-8": lambda line: _halved(line) + b"\xff" + line[len(line) // 2 + 1 :],
    "NUL inside": lambda line: _halved(line) + b"\0\0" + line[len(line) // 2 :],
    "overwritten with NUL": lambda line: b"\0" * len(line),
    "text of another program": lambda line: b"Fri Jan  1 00:00:00 2027: Loading rules from file",
    "an object of another format": lambda line: b'{"not": "of any sensor", "list": [1, {"x": null}]}',
    "deep lists": lambda line: b'{"x": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "deep objects": lambda line: b'{"x":' * 20_000 + b"1" + b"}" * 20_000,
    "open brackets": lambda line: b"[{" * 5_000,
    "huge": lambda line: _halved(line) + b"x" * _HUGE + line[len(line) // 2 :],
    "huge and alone": lambda line: b"y" * _HUGE,
}
"""What may become of one line."""


def spelling_changes_nothing(sensor: Sensor, sample: Path) -> None:
    """Read the same lines from a file that is ended, marked or packed otherwise."""
    log = log_of(sensor, sample)
    raw = sample.read_bytes() if log is None else log.bytes_of(log.lines)
    whole = log or Log(sensor, sample.name, (), ())
    wanted = whole.read(raw)
    for name, spelled in _SPELLED.items():
        if log is not None or "zstd" in name or "gzip" in name:
            found = whole.read(spelled(raw))
            assert rows_of(found.events) == rows_of(wanted.events), f"other events with {name}"
            assert found.rejects["line"].equals(wanted.rejects["line"]), f"other rejects with {name}"


def damage_stays_in_its_line(sensor: Sensor, sample: Path) -> None:
    """Lose of a damaged line no more than that line: it is a reject or an event, all others are as before."""
    log = log_of(sensor, sample)
    if log is None:
        return
    place = len(log.lines) // 2
    others = log.lines[:place] + log.lines[place + 1 :]
    without = log.read(others)
    for name, damaged in _DAMAGED.items():
        begun = time.process_time()
        found = log.read([*log.lines[:place], damaged(log.lines[place]), *log.lines[place + 1 :]])
        taken = time.process_time() - begun
        assert taken < _SECONDS, f"a line with {name} takes {taken:.0f} s"
        _still_there(log, without, found, name)
        assert total(found) > total(without) or not damaged(b"x").strip(b"\0"), f"a line with {name} is lost"


def a_cut_end_takes_one_line(sensor: Sensor, sample: Path) -> None:
    """Lose of a file that is cut in its last line no more than that line, and say so."""
    log = log_of(sensor, sample)
    if log is None:
        return
    without = log.read(log.lines[:-1])
    for part in (0.1, 0.5, 0.95):
        last = log.lines[-1]
        found = log.read(log.bytes_of(log.lines[:-1]) + last[: max(1, int(len(last) * part))])
        _still_there(log, without, found, "a cut end")
        assert total(found) == total(without) + 1 or not log.sensor.written.alone, "the cut line is lost"


def _still_there(log: Log, wanted: Reading, found: Reading, name: str) -> None:
    if log.sensor.written.alone:
        missing = rows_of(wanted.events) - rows_of(found.events)
        assert not missing, f"{missing.total()} events of other lines are gone or changed beside {name}"
    lost = wanted.events.height - found.events.height
    assert lost <= 0, f"{lost} events of other lines are gone beside {name}"


def doubled_and_moved_lines_lose_nothing(sensor: Sensor, sample: Path) -> None:
    """Account for every line, also where lines stand twice; read them in any order."""
    log = log_of(sensor, sample)
    if log is None:
        return
    once, twice, back = (log.read(x) for x in (log.lines, log.lines * 2, log.lines[::-1]))
    assert twice.events.height >= once.events.height, "doubled lines take events away"
    assert total(twice) == 2 * total(once) or not sensor.written.alone, (
        f"{total(once)} records, but {total(twice)} where every line stands twice"
    )
    assert total(back) == total(once), "lines in another order are other records"
    if sensor.written.alone:
        alone = sum(total(log.read([line])) for line in log.lines)
        assert total(once) == alone, f"{alone} records line by line, {total(once)} together"


def a_bomb_is_told(sensor: Sensor, sample: Path) -> None:
    """Read of a file that unpacks to endless bytes what comes first, and say where reading ended."""
    log = log_of(sensor, sample)
    if log is None:
        return
    raw = log.bytes_of(log.lines)
    wanted = log.read(raw)
    with mock.patch.object(content, "FREE_BYTES", _FREE):
        for filling in (b"\n", b" ", b"{"):
            found = log.read(gzip.compress(raw + filling * _BOMB))
            _still_there(log, wanted, found, "a bomb")
            said = found.rejects["reason"].str.contains("times its size").any()
            assert said, f"no reject says that a bomb of {filling!r} was not read further"


DAMAGE_LAWS: tuple[Callable[[Sensor, Path], None], ...] = (
    spelling_changes_nothing,
    damage_stays_in_its_line,
    a_cut_end_takes_one_line,
    doubled_and_moved_lines_lose_nothing,
    a_bomb_is_told,
)
"""Laws of a sensor and a file that it can read, whose bytes are changed."""
