"""The one feature that does best on the very test: an upper bound for shortcuts, never a result."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from rtml.arrays import Array
from rtml.boards.material import Flags, Part
from rtml.boards.tail import Tail

__all__ = ["Chosen", "best_column"]


class Chosen(NamedTuple):
    """A feature, its margins of the test rows, and which of them its threshold flags."""

    name: str
    score: Array
    flagged: Flags


def best_column(part: Part, aim: float) -> Chosen:
    """Return the column and direction that find most attacks, at the fewest false rows.

    Parameters
    ----------
    aim
        Share of benign calibration rows that its threshold may flag.

    Examples
    --------
    >>> rows = pl.DataFrame({"a.x": [1.0, 2, 1, 2], "a.y": [5.0, 5, 5, 5]})
    >>> test = rows[:2].with_columns(pl.Series("a.x", [1.0, -9.0]), attack=pl.Series([0, 1]),
    ...                              attack_id=pl.Series([None, "x"]))
    >>> best_column(Part(rows, rows, test), 0.1).name
    'low a.x'
    """
    limit = Tail.limit(aim)
    best: Chosen | None = None
    reached = (-1, 0)
    ids = part.test["attack_id"]
    benign = (part.test["attack"] == 0).fill_null(False).to_numpy()
    for name in part.features:
        held, test = (_values(frame[name]) for frame in (part.calibrate, part.test))
        for sign, title in ((1, name), (-1, f"low {name}")):
            score = Tail.of(sign * held).margins(sign * test)
            flagged = np.asarray(score > limit)
            found = ids.filter(pl.Series(flagged)).drop_nulls().n_unique()
            rank = (found, -int(flagged[benign].sum()))
            if best is None or rank > reached:
                best, reached = Chosen(title, score, flagged), rank
    assert best is not None  # a part without features is refused before
    return best


def _values(column: pl.Series) -> Array:
    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
