"""What is new, said in lines: the many addresses and ports that one program tries are one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from rtml.profiles.wording import phrase

__all__ = ["Line", "lines_of"]

_MANY = 3
"""Destinations of one program from which on they are one line."""

_PLURAL = {
    "destinations.address": "destinations",
    "destinations.port": "kinds of destination",
    "destinations.domain": "domains",
}


class Line(NamedTuple):
    """What it says, who showed it how often, of how many things it is, and whether by a new program."""

    said: str
    seen: str
    things: int
    by_new_program: bool


def lines_of(new: pl.DataFrame) -> list[Line]:
    """Return the lines of one family, the weightiest first.

    Parameters
    ----------
    new
        `rtml.profiles.diff.DIFFERENCES` in the order in which they are to be told. From three destinations of
        a program on they are one line, where the weightiest of them stood; it says how many they are.

    Examples
    --------
    >>> row = {"group": "web", "family": "destinations.address", "given": "nmap", "containers": 1, "of": 2,
    ...        "count": 5, "by_new_program": False}
    >>> for line in lines_of(pl.DataFrame([row | {"key": f"10.0.0.{n}:22"} for n in range(4)])):
    ...     print(line[:3])
    ('4 destinations by nmap, e.g. 10.0.0.0:22', '1 of 2 containers, 20×', 4)
    """
    many = pl.col("family").is_in(list(_PLURAL)) & (pl.len().over("group", "given") >= _MANY)
    each = pl.when(~many).then(pl.int_range(pl.len()))
    folded = new.group_by("group", "family", "given", each=each, maintain_order=True).agg(
        pl.col("key").first(),
        pl.col("containers", "of").max(),
        pl.col("count").sum(),
        pl.col("by_new_program").all(),
        things=pl.len(),
    )
    return list(_lines(folded))


def _lines(folded: pl.DataFrame) -> Iterator[Line]:
    for row in folded.iter_rows(named=True):
        said = phrase(row["family"], row["given"], row["key"])
        if row["things"] > 1:
            named = f"{row['things']:,} {_PLURAL[row['family']]} by {row['given'] or '(unknown)'}"
            said = f"{named}, e.g. {row['key']}"
        of = row["of"] or row["containers"]
        seen = f"{row['containers']:,} of {of:,} containers, {row['count']:,}×"
        yield Line(said, seen, row["things"], row["by_new_program"])
