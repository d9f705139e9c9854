"""Joins to the latest row before: `join_asof`, with columns that end in the same pieces.

Polars 2.1.0 gives the left columns in the pieces that they came in and the right ones in a single piece. What
is filtered and made into texts then panics in the streaming engine ("assertion failed: i < self.len()", as in
https://github.com/pola-rs/polars/issues/25339): from some 200,000 rows on, where a table first comes in
several pieces. So nobody else calls it (`tests/test_asof.py`).
"""

from __future__ import annotations

from typing import Any, TypeVar

import polars as pl

__all__ = ["asof"]

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


def asof(left: Frame, right: Frame, **how: Any) -> Frame:
    """Join each row of ``left`` to the row of ``right`` that is nearest in time.

    Parameters
    ----------
    left, right
        Both sorted by time, within the groups of ``by`` at least.
    how
        As of `polars.DataFrame.join_asof`; that ``by`` groups are sorted is not checked.

    Examples
    --------
    >>> left = pl.concat([pl.DataFrame({"time": [at], "text": ["x"]}) for at in (1, 5)], rechunk=False)
    >>> asof(left, pl.DataFrame({"time": [3], "last": ["y"]}), on="time").rows()
    [(1, 'x', None), (5, 'x', 'y')]
    """
    joined = left.join_asof(right, check_sortedness=False, **how)
    if isinstance(joined, pl.LazyFrame):
        return joined.map_batches(pl.DataFrame.rechunk, predicate_pushdown=False)
    return joined.rechunk()
