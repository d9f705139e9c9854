"""Readings of a sample in which values of lines were replaced, each held against the line as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from rtml.errors import RtmlError
from rtml.schema import conform
from rtml.testing.sensor_leaves import Leaf, leaves_of, with_value
from rtml.testing.sensor_log import Log, total

__all__ = ["Row", "Variant", "events_of", "variants"]

Row = dict[str, Any]


class Variant(NamedTuple):
    """A value that was replaced: where, by what, and the event before and after (None: refused)."""

    line: int
    leaf: Leaf
    value: Any
    before: Row
    after: Row | None


def _rounds(log: Log) -> Iterator[list[Leaf | None]]:
    """Yield of each line one value to replace, until each place of the format has had its turn.

    A place that several lines have is taken from the line that has the fewest of its own.
    """
    waiting: list[list[Leaf]] = [[] for _ in log.lines]
    owners: dict[tuple[str, ...], int] = {}
    for i, line in enumerate(log.lines):
        for leaf in leaves_of(line, log.sensor.written):
            place = tuple(map(str, leaf.path))
            if place not in owners or len(waiting[i]) < len(waiting[owners[place]]) // 2:
                owners[place] = i
                waiting[i].append(leaf)
    while any(waiting):
        yield [leaves.pop() if leaves else None for leaves in waiting]


def variants(log: Log, values: Callable[[Leaf], Sequence[Any]]) -> Iterator[Variant]:
    """Yield what becomes of lines one of whose values is replaced, many lines at a time."""
    before = events_of(log, log.lines)
    for chosen in _rounds(log):
        wanted = [[] if leaf is None else [(leaf, value) for value in values(leaf)] for leaf in chosen]
        for turn in range(max(map(len, wanted), default=0)):
            picks = [pick[turn] if turn < len(pick) else None for pick in wanted]
            after = events_of(log, [_changed(log, i, pick) for i, pick in enumerate(picks)])
            for i, pick in enumerate(picks):
                was = before[i]
                if pick is not None and was is not None:
                    yield Variant(i, *pick, was, after[i])


def _changed(log: Log, place: int, pick: tuple[Leaf, Any] | None) -> bytes:
    line = log.lines[place]
    return line if pick is None else with_value(line, pick[0].path, pick[1], log.sensor.written)


def events_of(log: Log, lines: Sequence[bytes]) -> list[Row | None]:
    """Return the event of each line, None where the line is refused or counted beside."""
    try:
        reading = log.read(lines)
    except RtmlError:
        return [None] * len(lines)
    assert total(reading) >= len(lines) or not log.sensor.written.alone, "a line is lost"
    if reading.events.height + reading.rejects.height != len(lines) or reading.beside:
        if len(lines) == 1:
            return [None]
        half = len(lines) // 2
        return [*events_of(log, lines[:half]), *events_of(log, lines[half:])]
    bad = {line - 1 - len(log.head) for line in reading.rejects["line"]}
    rows = iter(conform(reading.events).drop("seq").rows(named=True))
    return [None if i in bad else next(rows) for i in range(len(lines))]
