"""The few events that decide which program ran in each process, kept while the log grows.

`rtml.captures.processes.process_images` gives the same images for these as for all events.
"""

from __future__ import annotations

import polars as pl

from rtml.captures.processes import image_table
from rtml.schema import POLARS

__all__ = ["KEPT", "as_meant", "images_of", "remembered", "telling"]

_FIRSTS = ("parent_id", "pid", "ppid", "uid", "host", "container_id", "started")
_TEXTS = ("exe", "comm", "cmdline", "kind")
_PLAIN = {"host": pl.String(), "container_id": pl.String(), **dict.fromkeys(_TEXTS, pl.String())}
KEPT = pl.Schema(
    {
        name: _PLAIN.get(name, POLARS[name])
        for name in ("process_id", "time", "seq", "result", *_FIRSTS, *_TEXTS)
    }
)
"""Columns of the events that are kept."""


def remembered(kept: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Add the events among ``rows`` that say something new of their processes.

    Those are the first of each process, the first that has each fact, every exec that succeeded, and the last
    exit.
    """
    # Most say nothing: they are left out before their texts are made.
    own = rows.filter(pl.col("process_id").is_not_null()).select(KEPT.names())
    few = telling(own.select("process_id", "time", "seq", "result", "kind", *_FIRSTS).with_row_index("row"))
    new = own[few["row"].sort()].cast(KEPT)
    touched = pl.concat([kept.join(new, on="process_id", how="semi"), new])
    return pl.concat([kept.join(new, on="process_id", how="anti"), telling(touched)])


def telling(rows: pl.DataFrame) -> pl.DataFrame:
    """Return those of such events (`KEPT`) that say something which no earlier one of their process says."""
    ordered = rows.sort("process_id", "time", "seq")
    done = (pl.col("kind") == "exec") & (pl.col("result").fill_null(0) >= 0)
    exits = pl.col("kind") == "exit"
    first = pl.col("process_id").is_first_distinct()
    facts = [_of(there).is_first_distinct() & there for there in (pl.col(n).is_not_null() for n in _FIRSTS)]
    last = _of(exits).is_last_distinct() & exits
    return ordered.filter(pl.any_horizontal(first, done, last, *facts))


def _of(these: pl.Expr) -> pl.Expr:
    """Return the processes of some rows, null for all others."""
    return pl.when(these).then("process_id")


def images_of(
    kept: pl.DataFrame, identities: pl.DataFrame | None, declared: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return the process images (`rtml.captures.processes.PROCESSES`) as they are known by now.

    Parameters
    ----------
    kept
        Events that were `remembered`.
    identities
        What keys mean (`rtml.captures.following.knowing`); None where the sensor names processes itself.
    declared
        As for `rtml.captures.processes.process_images`.
    """
    return image_table(as_meant(kept, identities), declared).rows()


def as_meant(kept: pl.DataFrame, identities: pl.DataFrame | None) -> pl.DataFrame:
    """Return events that were remembered with the ids that their keys mean; those of threads are left out."""
    if identities is None:
        return kept
    meant = identities.rename({"process_id": "_id", "parent_id": "_parent"})
    return (
        kept.join(meant, left_on="process_id", right_on="key", how="inner", maintain_order="left")
        .with_columns(process_id="_id", parent_id="_parent", started=pl.coalesce("begun", "started"))
        .drop("_id", "_parent", "begun")
    )
