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
Pick = tuple[Leaf, Any]
"""A place of a line, and what is put there."""
Changes = Sequence[tuple[int, Pick | None]]
"""Lines of a file by their numbers, each with what is replaced in it; None: it stands as it is."""

_FILE = 100
"""Changed lines of one file."""


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


def variants(log: Log, values: Callable[[Leaf], Sequence[Any]], together: bool = False) -> Iterator[Variant]:
    """Yield what becomes of lines one of whose values is replaced, many lines at a time.

    Each file has every line once. ``together`` puts as many as fit into one file, where lines tell of
    themselves alone, however often: quicker, but a value that spoils a file then spoils it for most.
    """
    before = events_of(log, log.lines)
    packed = together and log.sensor.written.alone and _counts_twice(log)
    for file in _together(log, values) if packed else _in_turns(log, values):
        after = events_of(log, [_changed(log, i, pick) for i, pick in file])
        for (i, pick), now in zip(file, after, strict=True):
            was = before[i]
            if pick is not None and was is not None:
                yield Variant(i, *pick, was, now)


def _counts_twice(log: Log) -> bool:
    """Tell whether a line that stands in a file twice is two events: some formats number theirs."""
    return log.read([*log.lines, *log.lines]).events.height == 2 * len(log.lines)


def _in_turns(log: Log, values: Callable[[Leaf], Sequence[Any]]) -> Iterator[Changes]:
    """Yield files in which each line stands once, with one of its values replaced, or as it is."""
    for chosen in _rounds(log):
        wanted = [[] if leaf is None else [(leaf, value) for value in values(leaf)] for leaf in chosen]
        for turn in range(max(map(len, wanted), default=0)):
            yield [(i, picks[turn] if turn < len(picks) else None) for i, picks in enumerate(wanted)]


def _together(log: Log, values: Callable[[Leaf], Sequence[Any]]) -> Iterator[Changes]:
    """Yield files of changed lines, those that are changed to the same kind of value beside each other."""
    turns: dict[int, list[tuple[int, Pick]]] = {}
    for chosen in _rounds(log):
        for i, leaf in enumerate(chosen):
            if leaf is not None:
                for turn, value in enumerate(values(leaf)):
                    turns.setdefault(turn, []).append((i, (leaf, value)))
    for picks in turns.values():
        # What is counted beside in one line often is in the others: side by side it is set apart at once.
        picks.sort(key=lambda change: str(change[1][0].path))
        yield from (picks[k : k + _FILE] for k in range(0, len(picks), _FILE))


def _changed(log: Log, place: int, pick: Pick | None) -> bytes:
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
        if log.sensor.written.alone and reading.events.is_empty() and reading.rejects.is_empty():
            return [None] * len(lines)  # all of them are counted beside; alone they would be too
        if len(lines) == 1:
            return [None]
        half = len(lines) // 2
        return [*events_of(log, lines[:half]), *events_of(log, lines[half:])]
    bad = {line - 1 - len(log.head) for line in reading.rejects["line"]}
    rows = iter(conform(reading.events).drop("seq").rows(named=True))
    return [None if i in bad else next(rows) for i in range(len(lines))]
