"""Folding: a baseline does not keep ten thousand temporary names, it keeps a sample of them.

Of the names of one region, context and container the `rtml.baselines.places.ROOM` with the lowest
hash are kept, with exact counts; all others together are one row whose key is the region. The hash
knows nothing of what a name means, so what is kept is a fair sample.

Whoever is among the lowest of all was among the lowest of every shard, so nothing that is kept in
the end was ever folded before: folding early, late or twice gives the same rows. Keeping the most
frequent names, or the first, would not.

References
----------
Bar-Yossef et al., "Counting distinct elements in a data stream", RANDOM 2002 (the k lowest hashes
as a sample that merges), https://doi.org/10.1007/3-540-45726-7_1.
"""

from __future__ import annotations

from hashlib import blake2b

import polars as pl

from rtml.baselines.places import ROOM

__all__ = ["folded"]

_CELL = ["family", "workload", "image", "repository", "subject", "region", "container"]


def _digests(keys: pl.Series) -> pl.DataFrame:
    """Return a number per distinct key that is the same in every release of every library."""
    names = keys.unique()
    digests = [blake2b(name.encode("utf-8"), digest_size=8).hexdigest() for name in names]
    return pl.DataFrame({"key": names, "_digest": digests}, {"key": pl.String, "_digest": pl.String})


def folded(counts: pl.DataFrame) -> pl.DataFrame:
    """Give rows beyond the room of their region the region as their key; they are not yet added up.

    Parameters
    ----------
    counts
        Rows of `rtml.baselines.counting.COUNTS`, each key of a context and container once.

    Examples
    --------
    >>> from rtml.baselines.counting import COUNTS
    >>> rows = [{"family": "f", "key": f"/tmp/{n}", "region": "/tmp/*", "container": "c", "count": 1}
    ...         for n in range(ROOM + 5)]
    >>> (folded(pl.DataFrame(rows, COUNTS))["key"] == "/tmp/*").sum()
    5
    """
    name = pl.col("region").is_not_null() & (pl.col("key") != pl.col("region"))
    crowded = counts.filter(name).group_by(_CELL).len().filter(pl.col("len") > ROOM).select(_CELL)
    if not crowded.height:
        return counts
    inside = counts.filter(name).join(crowded, on=_CELL, how="semi", nulls_equal=True)
    rank = pl.struct("_digest", "key").rank("ordinal").over(_CELL)
    ranked = inside.join(_digests(inside["key"]), on="key").with_columns(_rank=rank)
    beyond = ranked.filter(pl.col("_rank") > ROOM).select(*_CELL, "key", _beyond=True)
    marked = counts.join(beyond, on=[*_CELL, "key"], how="left", nulls_equal=True)
    key = pl.when("_beyond").then("region").otherwise("key").alias("key")
    return marked.with_columns(key).drop("_beyond")
