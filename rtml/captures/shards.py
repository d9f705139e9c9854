"""Shards: all events of a container lie in one.

What looks at one container after the other needs only one shard in memory.
"""

from __future__ import annotations

import hashlib

import polars as pl

__all__ = ["SHARDS", "UNSORTED", "sharded"]

SHARDS = 16
"""Shards of containers; one more, ``host``, holds what happened in none."""

UNSORTED = "new"
"""Name of the shard of what was written a moment ago and not sorted into shards yet."""

_LONG = 12


def shard_of(container: str | None) -> str:
    """Return the shard of a container, the same for its id in any length.

    Examples
    --------
    >>> shard_of(None), shard_of("0123456789ab") == shard_of("0123456789abcdef")
    ('host', True)
    """
    if container is None:
        return "host"
    digest = hashlib.blake2b(container[:_LONG].encode(), digest_size=2).digest()
    return f"c{int.from_bytes(digest, 'little') % SHARDS:02d}"


def sharded(events: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """Return events by the name of the folder of their shard, ``shard=NAME``, in the order they have."""
    ids = events["container_id"].cast(pl.String)
    shards = {container: shard_of(container) for container in ids.unique()}
    named = events.with_columns(_shard=ids.replace_strict(shards, return_dtype=pl.String))
    parts = named.partition_by("_shard", as_dict=True, maintain_order=True).items()
    return [(f"shard={name}", rows.drop("_shard")) for (name,), rows in sorted(parts)]
