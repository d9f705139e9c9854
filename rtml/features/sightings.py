"""What was new where, of more than memory holds: kept on disk, in parts that hold whole pairs.

Whether replicas take a pair up together (`rtml.features.shared`) depends on the sightings of that pair
alone. So sightings are parted by a hash of the pair while events are read, and judged part by part.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rtml.features.shared import shared_pairs
from rtml.schema import empty
from rtml.times import UTC_NS

__all__ = ["FRESH", "PAIR", "TAKEN", "Sighted"]

PAIR = ["peers", "subject", "key"]
_TEXT: dict[str, pl.DataType] = dict.fromkeys(["conditional", *PAIR, "container_id"], pl.String())
FRESH = pl.Schema({**_TEXT, "window": UTC_NS})
"""When a container first showed, within a piece, what its peers never had."""

TAKEN = pl.Schema({name: FRESH[name] for name in ("conditional", *PAIR)})
"""Pairs that replicas take up together."""

_NAME = "sightings-{part}-{number}.parquet"


class Sighted:
    """Sightings in a folder.

    Parameters
    ----------
    folder
        An empty one that goes away with the work.
    parts
        Into how many they are parted: as many as pieces are read, so that none is larger than a piece.
    """

    def __init__(self, folder: Path, parts: int) -> None:
        self._folder, self._parts, self._files = folder, parts, 0

    def add(self, rows: pl.DataFrame) -> None:
        """Keep rows of `FRESH`."""
        first = rows.group_by(list(_TEXT)).agg(pl.col("window").min()).select(FRESH.names())
        part = pl.struct("conditional", *PAIR).hash(seed=1) % self._parts
        parted = first.with_columns(_part=part).partition_by("_part", as_dict=True, include_key=False)
        for (number,), some in parted.items():
            name = _NAME.format(part=number, number=self._files)
            some.write_parquet(self._folder / name, compression="lz4", statistics=False)
        self._files += 1

    def taken(self, alive: pl.DataFrame) -> pl.DataFrame:
        """Return the pairs (`TAKEN`) that replicas take up together.

        Parameters
        ----------
        alive
            See `rtml.features.shared.shared_pairs`, ``active``.
        """
        found = [empty(TAKEN)]
        for number in range(self._parts):
            files = sorted(self._folder.glob(_NAME.format(part=number, number="*")))
            if not files:
                continue
            read = pl.concat([pl.read_parquet(file, glob=False) for file in files])
            first = read.group_by(list(_TEXT)).agg(pl.col("window").min())
            several = first.filter(pl.len().over("conditional", *PAIR) > 1)
            for part in several.partition_by("conditional", maintain_order=True):
                found.append(_shared(part, alive))
        return pl.concat(found)


def _shared(first: pl.DataFrame, alive: pl.DataFrame) -> pl.DataFrame:
    """Return what is shared of one conditional: ``conditional``, peers, subject, key."""
    keys = first.select("subject", "key").unique().with_row_index("pair")
    groups = first.select("peers").unique().with_row_index("group")
    coded = first.join(keys, on=["subject", "key"], nulls_equal=True).join(
        groups, on="peers", nulls_equal=True
    )
    rows = coded.select("container_id", "window", "group", "pair", seen=pl.lit(False))
    together = shared_pairs(rows, groups, alive).join(keys, on="pair")
    return together.select(pl.lit(first["conditional"][0]).alias("conditional"), *PAIR)
