"""Peer groups: with whom a container is compared. The one definition for all that compares.

A container's peers are, by the first of these that is known,

1. the containers of its **workload**: a roll-out changes the image and not the workload, and one
   base image may carry very different workloads;
2. those of its **image repository**: a new tag or digest is the same program, one version later;
3. those of its **image**, by digest where that is known: an image that has no name but its digest;
4. itself alone. Containers of which nothing is known have nothing in common.

Baselines, features, calibration, the tuning of rules, the gate and the rival all mean this.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from rtml.images import repository

__all__ = ["UNKNOWN", "image_group", "peer_group", "peer_groups"]

UNKNOWN = "?"
"""Group of rows that name nothing, not even a container."""

_IMAGE = ("image_digest", "image")
_CONTAINER = ("container_id", "container")


def peer_group(have: Iterable[str]) -> pl.Expr:
    """Return the name of a row's peer group, for a table that has these columns.

    Parameters
    ----------
    have
        Of ``workload``, ``repository``, ``image_digest``, ``image``, ``container_id``, ``container``
        those that the table has; others are passed over. Without ``repository`` it is cut out of
        ``image``.

    Returns
    -------
    Strings; null where the row names nothing.

    Examples
    --------
    >>> rows = pl.DataFrame({"workload": ["web", None, None, None],
    ...     "image": ["nginx:1", "shop/web:2", "sha256:0123456789ab", None], "container_id": list("abcd")})
    >>> rows.select(peer_group(rows.columns)).to_series().to_list()
    ['web', 'shop/web', 'sha256:0123456789ab', 'd']
    """
    columns = set(have)
    steps = [*_present(("workload",), columns), *_repositories(columns)]
    steps += _present((*_IMAGE, *_CONTAINER), columns)
    return pl.coalesce(*steps, pl.lit(None, pl.String)).alias("peers")


def image_group(have: Iterable[str]) -> pl.Expr:
    """Return the image that a row is of, by name; its peer group where no image is named.

    For what belongs to an image whoever runs it: the programs in it.

    Examples
    --------
    >>> rows = pl.DataFrame({"workload": ["web", "web"], "image": ["nginx:1", None]})
    >>> rows.select(image_group(rows.columns)).to_series().to_list()
    ['nginx:1', 'web']
    """
    columns = set(have)
    return pl.coalesce(*_present(("image",), columns), peer_group(columns)).alias("image")


def peer_groups(rows: pl.DataFrame) -> list[str]:
    """Return the peer group of each row; `UNKNOWN` where it names nothing.

    Examples
    --------
    >>> peer_groups(pl.DataFrame({"workload": ["web", None], "image": ["nginx:1", "redis:7"]}))
    ['web', 'redis']
    >>> peer_groups(pl.DataFrame({"a.x": [1.0]}))
    ['?']
    """
    group = peer_group(rows.columns).fill_null(UNKNOWN)
    return rows.with_columns(group)["peers"].to_list()


def _present(names: Iterable[str], columns: set[str]) -> list[pl.Expr]:
    return [pl.col(name).cast(pl.String) for name in names if name in columns]


def _repositories(columns: set[str]) -> list[pl.Expr]:
    """Return the column, else what is cut out of the image, where no workload spares the work."""
    if "repository" in columns or "image" not in columns:
        return _present(("repository",), columns)
    image = pl.col("image")
    if "workload" in columns:
        image = pl.when(pl.col("workload").is_null()).then(image)
    return [repository(image)]
