"""Rows that an analyst looks at and works with: drawn as an escaped table, a frame, or pandas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from rtml.showing.shown import Shown, sentence
from rtml.showing.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Rows"]


@dataclass(frozen=True, repr=False)
class Rows:
    """A frame whose strings are hostile: shown, they are escaped.

    ``code`` are columns of machine text, ``shares`` those of shares (0 to 1), ``above`` those of long text
    (`rtml.showing.table`). ``otherwise`` is said where there are no rows.

    Examples
    --------
    >>> Rows(pl.DataFrame({"exe": ["/bin/sh", None], "bits": [9.5, 1.0]}))
    exe      bits
    /bin/sh  9.5
    –        1
    """

    frame: pl.DataFrame
    code: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()
    above: tuple[str, ...] = ()
    otherwise: str = ""

    def __len__(self) -> int:
        """Return how many there are."""
        return self.frame.height

    def __repr__(self) -> str:
        """Return the table as plain text."""
        return self._table().text

    def _repr_html_(self) -> str:
        return self._table().markup

    def _table(self) -> Shown:
        if self.frame.is_empty() and self.otherwise:
            return sentence(self.otherwise)
        return table(self.frame, shares=self.shares, code=self.code, above=self.above)

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows as a pandas frame."""
        return self.frame.to_pandas()
