"""What a stream has not settled, as a source that the next batch is read with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from rtml import features
from rtml.captures.processes import PROCESSES
from rtml.features.source import Source
from rtml.models.ongoing import Backlog
from rtml.schema import empty
from rtml.times import MINUTE, Window, instant

__all__ = ["joined", "keep"]

_EVENT = ["host", "seq", "time"]


def joined(going: Backlog, fresh: Source | None, every: Window) -> Source:
    """Return what is not settled and what came, as one source."""
    held = (going.events if going.events.width else empty()).lazy()
    given = fresh or Source(held, empty(PROCESSES).lazy(), going.identity, going.lost, every, "tree")
    if fresh is None or not going.events.height:
        kept = given
    else:
        new = fresh.events.join(held.select(_EVENT), on=_EVENT, how="anti", maintain_order="left")
        kept = replace(given, events=pl.concat([held, new]))
    images = ["host", "process_id", "image_seq"]
    older = going.processes.lazy().join(given.processes, on=images, how="anti", nulls_equal=True)
    gone = going.identity.join(given.identity, on="container_id", how="anti")
    return replace(
        kept,
        processes=pl.concat([given.processes, older.select(given.processes.collect_schema().names())]),
        identity=pl.concat([given.identity, gone.select(given.identity.columns)]).sort("container_id"),
        lost=pl.concat([going.lost, given.lost]).unique(maintain_order=True),
    )


def keep(
    going: Backlog,
    source: Source,
    border: dt.datetime,
    families: Iterable[str],
    waiting: pl.DataFrame | None = None,
) -> None:
    """Keep the events from a border on, earlier ones for context, and what is known of them.

    Context are those of the same minute, and those that ``families`` recall (`rtml.baselines.Selection`).
    What is known of the events that are ``waiting`` is kept as well.
    """
    context = MINUTE.border_before(border)
    kept = source.events.filter(pl.col("time") >= instant(context)).collect()
    earlier = replace(source, events=source.events.filter(pl.col("time") < instant(context)))
    going.events = pl.concat([*_recalled(earlier, families), kept])
    names = ["process_id", pl.col("container_id").cast(pl.String)]
    tables = [going.events, *([waiting] if waiting is not None and waiting.width else [])]
    needed = pl.concat([table.select(names) for table in tables])
    places, processes = (needed.select(name).unique() for name in ("container_id", "process_id"))
    images = source.processes.join(processes.lazy(), on="process_id", how="semi", maintain_order="left")
    going.processes = images.collect()
    going.identity = source.identity.join(places, on="container_id", how="semi", maintain_order="left")
    going.lost = source.lost.filter(pl.col("end").is_null() | (pl.col("end") >= instant(context)))


def _recalled(earlier: Source, families: Iterable[str]) -> list[pl.DataFrame]:
    """Return, of earlier events, those that later ones will be compared with."""
    wanted = features.families_of(families).values()
    selections = {conditional.selection: None for family in wanted for conditional in family.conditionals}
    return [
        selection.recall(selection.chosen(earlier.events), earlier.processes).collect()
        for selection in selections
        if selection.recall is not None
    ]
