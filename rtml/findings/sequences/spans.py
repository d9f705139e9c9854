"""What a span of time that begins with a signal holds, for all signals at once, in linear time."""

from __future__ import annotations

import polars as pl

__all__ = ["with_span_counts"]


def with_span_counts(signals: pl.DataFrame, window: str, counted: dict[str, str]) -> pl.DataFrame:
    """Count, for each signal, what its group shows from its time on, for as long as the window.

    Parameters
    ----------
    signals
        ``group``, ``first_seen`` and the columns to count.
    window
        Length, both ends included, as Polars writes a duration.
    counted
        Column to the name of its number of different values.

    Returns
    -------
    The signals by group and time, with those numbers and ``n``, how many signals there are. Two
    pointers walk over the findings once: a window for each would take the square of their number.

    Examples
    --------
    >>> import datetime as dt
    >>> times = [dt.datetime(2026, 1, 1, hour) for hour in (1, 2, 9)]
    >>> signals = pl.DataFrame({"group": "g", "first_seen": times, "tactic": ["a", "b", "a"]})
    >>> with_span_counts(signals, "7h", {"tactic": "tactics"}).select("tactics", "n").rows()
    [(2, 2), (2, 2), (1, 1)]
    """
    ordered = signals.sort("group", "first_seen", maintain_order=True)
    begin, until = ordered["first_seen"], ordered["first_seen"].dt.offset_by(window)
    groups = ordered["group"].rank("dense").to_list()
    borders = _borders(groups, begin.to_physical().to_list(), until.to_physical().to_list())
    numbers = [
        pl.Series(name, _different(ordered[column].rank("dense").fill_null(0).to_list(), borders), pl.Int64)
        for column, name in counted.items()
    ]
    n = pl.Series("n", [stop - start for start, stop in borders], pl.Int64)
    return ordered.with_columns(*numbers, n)


def _borders(groups: list[int], begin: list[int], until: list[int]) -> list[tuple[int, int]]:
    """First and past-the-last row of each row's span; neither ever goes back."""
    borders, start, stop = [], 0, 0
    for row, (group, time, end) in enumerate(zip(groups, begin, until, strict=True)):
        if groups[start] != group or begin[start] != time:
            start = row
        stop = max(stop, row)
        while stop < len(groups) and groups[stop] == group and begin[stop] <= end:
            stop += 1
        borders.append((start, stop))
    return borders


def _different(codes: list[int], borders: list[tuple[int, int]]) -> list[int]:
    """Count the different codes between borders."""
    held, counts, different, left, right = [0] * (len(codes) + 1), [], 0, 0, 0
    for start, stop in borders:
        for code in codes[right:stop]:
            different += held[code] == 0
            held[code] += 1
        for code in codes[left:start]:
            held[code] -= 1
            different -= held[code] == 0
        left, right = start, stop
        counts.append(different)
    return counts
