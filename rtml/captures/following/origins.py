"""Where programs come from, told piece by piece of a growing log: what was written before is carried on."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rtml.captures.mending import mended
from rtml.captures.naming import renamed_rows
from rtml.captures.provenance import with_provenance, writes_of
from rtml.schema import conform

__all__ = ["filled", "placed_in_time"]

_MOST_PATHS = 500_000
_FROM = ("exe_written", "exe_memory")
_ORIGINS = ("exec", "create", "write", "rename", "link")
"""Kinds of events that tell where programs come from, or are asked for it."""


def filled(
    rows: pl.DataFrame,
    meant: pl.DataFrame | None,
    images: pl.DataFrame,
    written: pl.DataFrame,
    names: Mapping[str, str],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Fill where programs come from. Return also all paths that were written so far.

    Programs and parents are not filled: who reads the rows looks them up, and knows more by then.
    """
    if rows.is_empty():
        return rows, written
    kind = pl.col("kind").cast(pl.String)
    asked = rows.filter(kind.is_in(_ORIGINS) | pl.col("wrote"))
    if asked.is_empty():
        return rows, written
    told = mended(asked.lazy(), None if meant is None else meant.lazy(), images.lazy(), names).collect()
    written = renamed_rows(written.lazy(), names).collect()
    told, written = placed_in_time(conform(told), written)
    origins = told.filter(kind == "exec").select("seq", *_FROM)
    origins = origins.filter(pl.any_horizontal(pl.col(_FROM).is_not_null()))
    if origins.is_empty():
        return rows, written
    own = rows.select("seq", *_FROM)
    both = own.join(origins, on="seq", how="left", maintain_order="left", suffix="_told")
    told = both.select(pl.coalesce(f"{name}_told", name).alias(name) for name in _FROM)
    return rows.with_columns(told[name] for name in _FROM), written


def placed_in_time(rows: pl.DataFrame, written: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Fill where programs come from; ``written`` are the writes before. Return also those after the rows."""
    origins = with_provenance(rows, written)
    writes = pl.concat([written, writes_of(rows)]).sort("_written")
    paths = writes.unique(["container_id", "_path"], keep="last", maintain_order=True)
    return origins, paths.tail(_MOST_PATHS)
