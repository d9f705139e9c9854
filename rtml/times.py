"""Times: the length of a window, moments; and expressions of them, from `rtml.instants`.

Configurations are read without Polars, which takes longer to load than they to check.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rtml.errors import UsageError
from rtml.lazy import lazily

if TYPE_CHECKING:
    import polars as pl

    from rtml.instants import UTC_NS, from_text, instant, span

__all__ = ["MINUTE", "UTC_NS", "Length", "Window", "from_text", "instant", "moment", "span"]

__getattr__, __dir__ = lazily(
    __name__, dict.fromkeys(["UTC_NS", "from_text", "instant", "span"], "rtml.instants")
)

_UNITS = {"s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_TEXT = re.compile(r"([0-9]{1,9})([smh])")
_LONGEST = 7 * 24 * _UNITS["h"]


@dataclass(frozen=True)
class Window:
    """The length of the windows that time is cut into; they start at multiples of it since 1970.

    One value with three views: `text` as Polars writes a duration, `length` as a ``timedelta``, and
    `nanoseconds`. Two windows of one length are equal, however they were written.

    Parameters
    ----------
    nanoseconds
        Whole seconds, above 0, at most a week.

    Raises
    ------
    UsageError
        The length is not such a number.

    Examples
    --------
    >>> Window.of("5m") == Window.of("300s") == Window.of(dt.timedelta(minutes=5))
    True
    >>> five = Window.of("5m")
    >>> five.text, five.length, five.nanoseconds
    ('5m', datetime.timedelta(seconds=300), 300000000000)
    >>> Window.of("1 week")
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: window length '1 week': write a whole number and s, m or h, like '60s'
    """

    nanoseconds: int

    def __post_init__(self) -> None:
        """Refuse a length that cannot cut time into whole seconds."""
        if not 0 < self.nanoseconds <= _LONGEST or self.nanoseconds % _UNITS["s"]:
            raise UsageError(f"window of {self.nanoseconds} ns: whole seconds, above 0, at most a week")

    @classmethod
    def of(cls, length: Length) -> Window:
        """Return the window that a text, a ``timedelta`` or a window stands for."""
        if isinstance(length, Window):
            return length
        if isinstance(length, dt.timedelta):
            return cls(length // dt.timedelta(microseconds=1) * 1000)
        match = _TEXT.fullmatch(length)
        if match is None or not int(match[1]):
            raise UsageError(f"window length {length!r}: write a whole number and s, m or h, like '60s'")
        return cls(int(match[1]) * _UNITS[match[2]])

    @property
    def text(self) -> str:
        """The length as Polars and our configurations write it: ``60s``, ``5m``, ``1h``."""
        fits = [unit for unit, size in _UNITS.items() if self.nanoseconds % size == 0]
        unit = "s" if self.nanoseconds == _UNITS["m"] else fits[-1]
        return f"{self.nanoseconds // _UNITS[unit]}{unit}"

    @property
    def length(self) -> dt.timedelta:
        """The length as a ``timedelta``."""
        return dt.timedelta(microseconds=self.nanoseconds // 1000)

    @property
    def seconds(self) -> float:
        """The length in seconds."""
        return self.nanoseconds / 1e9

    @property
    def span(self) -> pl.Expr:
        """The length as an expression, in nanoseconds."""
        from rtml.instants import span

        return span(self.length)

    def start(self, column: str = "time") -> pl.Expr:
        """Return the start of the window that a time lies in."""
        import polars as pl

        from rtml.instants import UTC_NS

        ticks = pl.col(column).cast(UTC_NS).to_physical() // self.nanoseconds * self.nanoseconds
        return ticks.cast(UTC_NS).alias("window")

    def border(self, at: dt.datetime) -> dt.datetime:
        """Return the first border between windows that is not before ``at``.

        Examples
        --------
        >>> at = dt.datetime(2026, 1, 1, 10, 0, 1, tzinfo=dt.UTC)
        >>> MINUTE.border(at).minute, MINUTE.border_before(at).minute
        (1, 0)
        """
        return self._at(-(-_micros(at) // self._micros))

    def border_before(self, at: dt.datetime) -> dt.datetime:
        """Return the last border between windows that is not after ``at``."""
        return self._at(_micros(at) // self._micros)

    @property
    def _micros(self) -> int:
        return self.nanoseconds // 1000

    def _at(self, number: int) -> dt.datetime:
        return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=number * self._micros)

    def __str__(self) -> str:
        """Show the length as it is written."""
        return self.text


Length = Window | str | dt.timedelta
"""What stands for the length of a window."""

MINUTE = Window(60 * 10**9)
"""The usual window."""


def _micros(at: dt.datetime) -> int:
    return (at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def moment(text: str) -> dt.datetime:
    """Read a time; one without an offset is UTC.

    Examples
    --------
    >>> moment("2026-11-24T03:14:00").isoformat()
    '2026-11-24T03:14:00+00:00'
    >>> moment("noon")
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: 'noon' is no time; write one like 2026-11-24T03:14:00Z
    """
    try:
        at = dt.datetime.fromisoformat(text)
        return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:  # the year 9999 in another zone may be 10000 in UTC
        raise UsageError(f"{text!r} is no time; write one like 2026-11-24T03:14:00Z") from error
