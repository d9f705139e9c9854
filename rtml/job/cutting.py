"""Where a stretch of time is cut, so that its pieces hold about as many events each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import polars as pl

__all__ = ["cuts"]


def cuts(cells: pl.DataFrame, blocks: int) -> Iterator[dt.datetime]:
    """Yield the borders between pieces.

    Parameters
    ----------
    cells
        ``window`` (start) and ``len``, how many events it has, in the order of time.
    blocks
        How many pieces there are at most, but that a window is never cut.

    Examples
    --------
    >>> at = [dt.datetime(2026, 1, 1, 0, minute) for minute in range(4)]
    >>> cells = pl.DataFrame({"window": at, "len": [5, 1, 3, 2]})
    >>> [str(border.time()) for border in cuts(cells, 2)]
    ['00:02:00']
    """
    most, held = max(1, -(-int(cells["len"].sum()) // blocks)), 0
    for window, events in cells.iter_rows():
        if held and held + events > most:
            yield window
            held = 0
        held += events
