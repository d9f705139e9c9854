"""A split of time: train, then calibrate, then test. Never by chance, never the other way round."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Protocol

from rtml.errors import UsageError
from rtml.times import MINUTE, Length, Window

__all__ = ["PARTS", "Edge", "Spanning", "Split", "at_edge", "borders"]

PARTS = ("train", "calibrate", "test")

Edge = dt.datetime | float
"""A moment (UTC), or a share of the time: 0 is its begin, 1 its end."""


class Spanning(Protocol):
    """Anything that knows when it begins and ends: a capture."""

    @property
    def span(self) -> tuple[dt.datetime, dt.datetime]:
        """Begin and end."""
        ...


@dataclass(frozen=True)
class Split:
    """Where calibration and where the test begins; training begins at ``start``, the test ends at ``end``.

    Parameters
    ----------
    calibrate, test
        Both moments in UTC, or both shares of the time (0 to 1; a test at 1 leaves nothing to test,
        for whoever only trains).
    start, end
        What is before and after is left alone; None: the data's own begin and end.
    early_attacks
        What an experiment does about labelled attacks before the test: refuse to run, leave their windows
        out of learning, calibration and tuning, or keep them, as whoever has no labels must.

    Raises
    ------
    UsageError
        Shares outside 0 to 1, a share beside a moment, moments without an offset or out of order.

    Examples
    --------
    >>> begin, minute = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.timedelta(minutes=1)
    >>> half = Split(calibrate=0.5, test=0.7).between(begin, begin + 10 * minute)
    >>> half.test.isoformat(), [half.bounds("calibrate")[0].minute, half.end.minute]
    ('2026-01-01T00:07:00+00:00', [5, 10])
    >>> Split(calibrate=0.7, test=0.5)
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: split: calibrate (0.7) must come before test (0.5)
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    calibrate: Edge = 0.5
    test: Edge = 0.7
    start: dt.datetime | None = None
    end: dt.datetime | None = None
    early_attacks: Literal["refuse", "leave out", "keep"] = "refuse"

    def __post_init__(self) -> None:
        """Refuse edges that are not UTC, mixed, or not in order."""
        kinds = {isinstance(edge, dt.datetime) for edge in (self.calibrate, self.test)}
        if len(kinds) > 1:
            raise UsageError("split: give both `calibrate` and `test` as times, or both as shares")
        for name, edge in self._edges():
            if isinstance(edge, dt.datetime) and edge.utcoffset() != dt.timedelta(0):
                raise UsageError(f"split: {name} ({edge}) has no UTC offset; write it with a final Z")
        for (name, edge), (after, then) in itertools.pairwise(self._edges()):
            if not _before(edge, then):
                raise UsageError(f"split: {name} ({edge}) must come before {after} ({then})")

    def _edges(self) -> list[tuple[str, Edge]]:
        """Return the edges that are given, by name; shares lie between 0 and, at most, 1."""
        inner: list[tuple[str, Edge]] = [("calibrate", self.calibrate), ("test", self.test)]
        if not isinstance(self.calibrate, dt.datetime):
            return [("begin", 0.0), *inner, ("end", 1.0 + 1e-9)]
        outer = [("start", self.start), ("end", self.end)]
        start, end = ([(name, at)] if at is not None else [] for name, at in outer)
        return [*start, *inner, *end]

    def between(self, first: dt.datetime, last: dt.datetime, every: Length = MINUTE) -> Split:
        """Return the split with all its edges as moments: shares are of the time from first to last.

        Of the time, not of events: a busy last hour must not move an edge. Edges made of shares lie
        on borders between windows; moments stay what they are.
        """
        window = Window.of(every)
        begin, end = self.start or first, self.end or last
        calibrate, test = (at_edge(begin, end, edge, window) for edge in (self.calibrate, self.test))
        return replace(self, calibrate=calibrate, test=test, start=begin, end=end)

    def of(self, capture: Spanning, every: Length = MINUTE) -> Split:
        """Return the split of a capture, with all its edges as moments."""
        window = Window.of(every)
        return self.between(*borders(capture, window), window)

    @property
    def edges(self) -> tuple[dt.datetime, dt.datetime, dt.datetime, dt.datetime]:
        """Begin of training, of calibration, of the test, and its end.

        Raises
        ------
        UsageError
            The split still has shares or open ends: say of what, with `of` or `between`.
        """
        moments = [
            edge
            for edge in (self.start, self.calibrate, self.test, self.end)
            if isinstance(edge, dt.datetime)
        ]
        if len(moments) < len(PARTS) + 1:
            raise UsageError("split: shares of what? `split.of(capture)` turns them into times")
        start, calibrate, test, end = moments
        return start, calibrate, test, end

    def bounds(self, part: str) -> tuple[dt.datetime, dt.datetime]:
        """Return where a part begins and ends (half-open); fails where `edges` does."""
        place = PARTS.index(part)
        return self.edges[place], self.edges[place + 1]


def _before(edge: Edge, then: Edge) -> bool:
    if isinstance(edge, dt.datetime) and isinstance(then, dt.datetime):
        return edge < then
    return not isinstance(edge, dt.datetime) and not isinstance(then, dt.datetime) and edge < then


def at_edge(begin: dt.datetime, end: dt.datetime, edge: Edge, window: Window) -> dt.datetime:
    """Return a moment as it is, a share as the nearest border between windows."""
    if isinstance(edge, dt.datetime):
        return edge
    return begin + window.length * round((end - begin) // window.length * edge)


def borders(capture: Spanning, window: Window) -> tuple[dt.datetime, dt.datetime]:
    """Return the borders between windows that enclose a capture."""
    first, last = capture.span
    return window.border_before(first), window.border(last)
