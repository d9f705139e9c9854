"""By what processes that were put away may be asked for: numbers in a sorted file, never read as a whole.

A name is one number of what it says (``pid``, ``id`` …) and of whom. A file holds the names of a part in
order, and beside each the process (`rtml.captures.following.tables.owners_of`); it is mapped into memory, so
that a look costs a few pages of it, however many processes there are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from rtml.captures.identity import process_id

__all__ = ["Index", "name", "write_index"]

_Numbers = npt.NDArray[np.int64]
_NONE = np.empty(0, np.int64)


def name(what: str, text: pl.Series, number: pl.Series, other: pl.Series | None = None) -> pl.Series:
    """Return a number for each row; null counts as the empty text and as 0.

    Examples
    --------
    >>> hosts = pl.Series(["a", "a", None])
    >>> names = name("pid", hosts, pl.Series([1, 1, 1]))
    >>> names[0] == names[1], names[0] == names[2], names[0] == name("open", hosts, pl.Series([1, 1, 1]))[0]
    (True, False, False)
    """
    texts = f"{what} " + text.cast(pl.String).fill_null("")
    last = np.zeros(len(text), np.int64) if other is None else other.fill_null(0).cast(pl.Int64).to_numpy()
    found = process_id(texts, number.fill_null(0).cast(pl.Int64).to_numpy(), last)
    return pl.Series("name", found, dtype=pl.Int64)


def write_index(path: Path, names: pl.DataFrame) -> None:
    """Write ``name, unit`` into a new file."""
    ordered = names.unique().sort("name", "unit")
    path.write_bytes(b"".join(ordered[column].to_numpy().tobytes() for column in ("name", "unit")))


class Index:
    """The names of one part (`write_index`)."""

    def __init__(self, path: Path) -> None:
        size = path.stat().st_size
        both = np.memmap(path, np.int64, "r").reshape(2, -1) if size else np.empty((2, 0), np.int64)
        self._names, self._units = both

    def rows(self) -> pl.DataFrame:
        """Return ``name, unit`` of all that is here."""
        return pl.DataFrame({"name": np.array(self._names), "unit": np.array(self._units)})

    def find(self, names: _Numbers) -> tuple[_Numbers, _Numbers]:
        """Return which of the names are here, and beside each a process that has it; repeated for several."""
        first = np.searchsorted(self._names, names, "left")
        count = np.searchsorted(self._names, names, "right") - first
        if not count.any():
            return _NONE, _NONE
        rows = np.repeat(first - np.append(0, count.cumsum()[:-1]), count) + np.arange(count.sum())
        return np.repeat(names, count), np.asarray(self._units[rows])
