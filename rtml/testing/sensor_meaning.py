"""Laws of sensors about what values mean: nothing and zero, times, command lines, parents, counts."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rtml.captures import check_capture, import_capture, open_capture
from rtml.captures.sensors import Sensor
from rtml.testing.sensor_leaves import ABSENT, Leaf
from rtml.testing.sensor_log import Log, log_of
from rtml.testing.sensor_variants import events_of, variants

__all__ = ["MEANING_LAWS"]

_NO_ZERO = {"pid", "ppid", "target_pid", "src_port", "dst_port", "count"}
"""Columns of what never is 0: there is no such process of a container, no such port, and no event of none."""
_PROBE = 7
_WORDS = {"", "<NA>", "null", "None", "nan"}
_ABSURD: tuple[Any, ...] = (2**70, -1, -(2**63), 2**63 - 1, 1e300, 1.5, True, [], {}, "9" * 400, "\udcff\x01")
_UNITS = ((10**9, 5 * 10**9), (10**12, 5 * 10**12), (10**15, 5 * 10**15), (10**18, 5 * 10**18))
_SLACK = timedelta(seconds=2)
_LINE = "run 'it all'  \"twice\" and --more"
_COUNT = 5


def nothing_and_zero_are_told_apart(sensor: Sensor, sample: Path) -> None:
    """Say null of what is absent, null, empty or said to be nothing; say 0 of a zero."""
    log = log_of(sensor, sample)
    if log is None:
        return
    nothing = (ABSENT, None, *sensor.written.nothing)
    drives: set[tuple[int, object, str]] = set()

    def values(leaf: Leaf) -> tuple[Any, ...]:
        return (*nothing, _PROBE, 0) if _is_whole(leaf) else nothing

    for found in variants(log, values, together=True):
        if found.after is None:
            continue
        where = f"{'/'.join(map(str, found.leaf.path))} = {_shown(found.value)}"
        new = {name: value for name, value in found.after.items() if value != found.before[name]}
        words = [name for name, value in new.items() if isinstance(value, str) and value in _WORDS]
        assert not words, f"{where} makes {new[words[0]]!r} of {words[0]}, which is not known"
        if found.value == _PROBE:
            drives |= {(found.line, found.leaf.path, name) for name, value in new.items() if value == _PROBE}
        for name in found.after if found.value == 0 and found.value is not False else ():
            told = (
                (found.line, found.leaf.path, name) not in drives
                or name in _NO_ZERO
                or found.after[name] == 0
            )
            assert told, f"{where}: {name} is {found.after[name]}"


def _is_whole(leaf: Leaf) -> bool:
    return isinstance(leaf.value, int) and not isinstance(leaf.value, bool)


def _shown(value: Any) -> str:
    return "absent" if value is ABSENT else repr(value)[:60]


def a_time_is_that_time_in_every_unit(sensor: Sensor, sample: Path) -> None:
    """Take a number of seconds, milli-, micro- or nanoseconds for its time, or refuse it."""
    log = log_of(sensor, sample)
    if log is None:
        return
    for found in variants(log, _in_other_units):
        if found.after is None:
            continue
        for name in ("time", "started"):
            was, now = found.before[name], found.after[name]
            assert now is None or was is None or abs(now - was) < _SLACK, (
                f"{'/'.join(map(str, found.leaf.path))} = {found.value}: {name} is {now}, it was {was}"
            )


def _in_other_units(leaf: Leaf) -> list[int]:
    """Return a time in units of a thousand times more and less; nothing for what is no time of ours."""
    if not isinstance(leaf.value, int | float) or not any(a < leaf.value < b for a, b in _UNITS):
        return []
    more, less = int(leaf.value * 1000), int(leaf.value) // 1000
    return [value for value in (more, less) if any(a < value < b for a, b in _UNITS)]


def processes_begin_before_they_act(sensor: Sensor, sample: Path) -> None:
    """Give events and the starts of their processes on one clock."""
    events = sensor.read(sample).events
    if "started" not in events.columns:
        return
    for time, started in events.select("time", "started").drop_nulls().iter_rows():
        assert started <= time + _SLACK, f"a process that acts at {time} begins at {started}"
        assert started.year >= _year(time) - 10, f"a start of {started} is of another clock than {time}"


def _year(time: datetime) -> int:
    return time.year


def absurd_values_are_survived(sensor: Sensor, sample: Path) -> None:
    """Make of absurd values an event or a reject; keep every other line, and every promise of a capture."""
    log = log_of(sensor, sample)
    if log is None:
        return
    turn = 0

    def some(leaf: Leaf) -> list[Any]:
        nonlocal turn
        turn += 1
        return [_ABSURD[turn % len(_ABSURD)], _ABSURD[(turn * 7 + 3) % len(_ABSURD)]]

    absurd = [found for found in variants(log, some) if found.after is not None]
    for found in absurd:
        assert found.after is not None
        for name, value in found.after.items():
            assert not isinstance(value, str) or "\0" not in value, f"{name} holds a NUL"
    _keeps_every_promise(log, log.lines)


def command_lines_are_one_text(sensor: Sensor, sample: Path) -> None:
    """Give a command line as one text, its words in their order, with every sign that they had."""
    log = log_of(sensor, sample)
    if log is None:
        return
    words = _LINE.split()
    for found in variants(log, lambda leaf: [words] if isinstance(leaf.value, list) else [_LINE]):
        if found.after is None or found.after["cmdline"] in (None, found.before["cmdline"]):
            continue
        text, where = found.after["cmdline"], "/".join(map(str, found.leaf.path))
        assert isinstance(text, str) and "\0" not in text, f"{where}: no text: {text!r}"
        wanted = " ".join(words) if isinstance(found.leaf.value, list) else _LINE
        if words[-1] in text:
            assert wanted in text, f"{where}: {wanted!r} became {text!r}"


def processes_older_than_the_file_are_known_by_what_they_do(sensor: Sensor, sample: Path) -> None:
    """Read what follows any cut: processes whose beginning is not in it keep their events and promises."""
    log = log_of(sensor, sample)
    if log is None:
        return
    whole = events_of(log, log.lines)
    for start in (1, len(log.lines) // 2, len(log.lines) - 1):
        rest = events_of(log, log.lines[start:])
        assert None not in rest, f"line {start + 1 + rest.index(None)} is no event without those before"
        if log.sensor.written.alone:
            assert rest == whole[start:], f"events behind line {start} are others without those before"
        _keeps_every_promise(log, log.lines[start:])


def _keeps_every_promise(log: Log, lines: tuple[bytes, ...]) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / log.name
        path.write_bytes(log.bytes_of(lines))
        import_capture(log.sensor, [path], Path(place) / "capture")
        capture = open_capture(Path(place) / "capture")
        broken = [check.name for check in check_capture(capture) if check.grave and not check.ok]
        assert not broken, f"the capture breaks: {broken}"


def events_that_stand_for_several_say_so(sensor: Sensor, sample: Path) -> None:
    """Count events that stand for several, where the format has such, and no others."""
    events = sensor.read(sample).events
    counts = (
        events["count"].drop_nulls() if "count" in events.columns else events["time"].head(0).to_physical()
    )
    assert not (counts < 1).any(), "an event stands for none"
    assert sensor.written.aggregates or not (counts > 1).any(), "events stand for several: declare it"
    log = log_of(sensor, sample)
    if log is None or not sensor.written.aggregates:
        return
    found = [
        v for v in variants(log, lambda x: [_COUNT, 0, -1, 2**70, "x"] if _is_whole(x) else []) if v.after
    ]
    places = {v.leaf.path for v in found if v.after and v.after["count"] == _COUNT and v.value == _COUNT}
    for one in found:
        assert one.after is not None
        if one.leaf.path in places:
            assert one.after["count"] is None or one.after["count"] >= 1, (
                f"{_shown(one.value)} makes a count of {one.after['count']}"
            )


MEANING_LAWS: tuple[Callable[[Sensor, Path], None], ...] = (
    nothing_and_zero_are_told_apart,
    a_time_is_that_time_in_every_unit,
    processes_begin_before_they_act,
    absurd_values_are_survived,
    command_lines_are_one_text,
    processes_older_than_the_file_are_known_by_what_they_do,
    events_that_stand_for_several_say_so,
)
"""Laws of a sensor and a file that it can read, whose values are changed."""
