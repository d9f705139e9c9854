"""Rows of a list of containers, whoever wrote it: names in the columns of events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from rtml.captures.sensors.containers import digest
from rtml.captures.sensors.pods import workload
from rtml.container_ids import bare_ids
from rtml.images import without_digest

__all__ = ["LISTED", "NAMES", "Row", "mappings", "table_of"]

NAMES = ("container_name", "image", "image_digest", "namespace", "pod", "workload", "service_account")
"""Columns of events that lists of containers tell."""

LISTED = pl.Schema({"container_id": pl.String(), **dict.fromkeys(NAMES, pl.String()), "rank": pl.Int64()})
"""A container of a list; ``rank``: the least tells most of containers."""

Row = dict[str, str | None]
"""What a list says of a container: `NAMES`, ``container_id``, ``owner`` (what made its pod), ``image_id``."""

_READ = pl.Schema({name: pl.String() for name in ("container_id", *NAMES, "owner", "image_id")})


def table_of(rows: Sequence[Row], rank: int) -> pl.DataFrame:
    """Return rows as a table; those without an id are none, of an id that is there twice the first stays.

    A workload is ``namespace/owner/container`` where Kubernetes runs it, as sensors name it. A digest is one
    that a registry knows, never the id of an image on one machine.

    Examples
    --------
    >>> row = {"container_id": "containerd://0123456789ab", "namespace": "shop", "owner": "web",
    ...        "pod": "web-5c9f8d7b6-x7k2p", "container_name": "app", "image": "web:1@sha256:" + "0a" * 32}
    >>> table_of([row], 0).select("container_id", "image", "workload").row(0)
    ('0123456789ab', 'web:1', 'shop/web/app')
    """
    read = pl.DataFrame([{name: row.get(name) for name in _READ} for row in rows], schema=_READ)
    owner = pl.concat_str("namespace", "owner", "container_name", separator="/")
    pods = workload("namespace", "pod", "container_name", "_none")
    known = pl.concat_str(pl.col("image_id", "image").fill_null(""), separator=" ")
    return (
        read.with_columns(
            bare_ids(pl.col("container_id")), image_digest=_of_registry(known), _none=pl.lit(None, pl.String)
        )
        .with_columns(workload=pl.coalesce("workload", owner, pods), image=without_digest(pl.col("image")))
        .with_columns(rank=pl.lit(rank, pl.Int64))
        .select(LISTED.names())
        .drop_nulls("container_id")
        .unique("container_id", keep="first", maintain_order=True)
    )


def _of_registry(text: pl.Expr) -> pl.Expr:
    return digest(text.str.extract(r"[^\s@/]@(sha256:[0-9a-fA-F]{64})"))


def mappings(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; none where it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
