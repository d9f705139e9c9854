"""What later events told of earlier ones: ids of processes, their parents and programs, container names."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from rtml.captures.naming import renamed_rows
from rtml.captures.processes import with_images
from rtml.schema import POLARS

__all__ = ["mended"]

_BY_IDENTITY = {"process_id", "parent_id", "target_id", "started"}
_BY_IMAGE = {"exe", "cmdline"}


def mended(
    rows: pl.LazyFrame,
    identities: pl.LazyFrame | None,
    images: pl.LazyFrame,
    names: Mapping[str, str],
    wanted: Collection[str] = tuple(POLARS),
) -> pl.LazyFrame:
    """Give rows, which carry keys of processes, what the keys mean by now; the order stays.

    Parameters
    ----------
    rows
        Events whose ``process_id`` and ``target_id`` are keys (`rtml.captures.following.knowing`).
    identities
        What keys mean; None: they are ids already.
    images
        Process images.
    names
        Container ids that are known by a longer spelling.
    wanted
        Columns that are asked for: nothing is looked up for others.
    """
    needed = set(wanted)
    if identities is not None and needed & (_BY_IDENTITY | _BY_IMAGE):
        rows = _identified(rows, identities)
    if needed & _BY_IMAGE:
        rows = with_images(rows, images)
    return renamed_rows(rows, names)


def _identified(rows: pl.LazyFrame, identities: pl.LazyFrame) -> pl.LazyFrame:
    own = identities.select(_key="key", _id="process_id", _parent="parent_id", _begun="begun")
    child = identities.select(_key="key", _child="process_id")
    return (
        rows.join(own, left_on="process_id", right_on="_key", how="left", maintain_order="left")
        .join(child, left_on="target_id", right_on="_key", how="left", maintain_order="left")
        .with_columns(
            process_id="_id",
            parent_id="_parent",
            target_id="_child",
            started=pl.coalesce("_begun", "started"),
        )
        .drop("_id", "_parent", "_begun", "_child")
    )
