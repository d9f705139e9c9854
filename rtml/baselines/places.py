"""Places: how the key of a conditional lies in others that leave a part of it open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

__all__ = ["ROOM", "Places"]

ROOM = 256
"""Names that a region keeps per context and container; what is beyond counts as the region."""


@dataclass(frozen=True, eq=False)
class Places:
    """Where the keys of a conditional lie: keys with ``*`` for a part, written by us alone.

    Parameters
    ----------
    around
        From a key to the places around it, one expression each; null or the key itself is none.
    region
        From a key to the one wide place whose names are folded beyond `ROOM`, or null.

    Examples
    --------
    >>> places = Places(lambda key: [key.str.replace("/[^/]*$", "/*")], lambda key: pl.lit("*"))
    >>> places.table(pl.Series(["/etc/a", "/etc/*"])).rows()
    [('/etc/a', '/etc/*')]
    """

    around: Callable[[pl.Expr], list[pl.Expr]]
    region: Callable[[pl.Expr], pl.Expr]

    def table(self, keys: pl.Series) -> pl.DataFrame:
        """Return ``key, place`` for the distinct keys: every place around every one of them."""
        key = pl.col("key")
        distinct = pl.DataFrame({"key": keys.unique()}, {"key": pl.String})
        around = pl.concat_list(self.around(key)).list.unique().alias("place")
        lying = distinct.with_columns(around).explode("place", empty_as_null=False)
        return lying.filter(pl.col("place").is_not_null() & (pl.col("place") != key))
