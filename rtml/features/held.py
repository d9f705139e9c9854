"""Events in memory, with the columns that families look at: read once, looked at as often as they like.

Which columns those are nobody lists: families are made of a source without events that notes what it is
asked for, so one from another package is held with all that it needs.

Fails where a family asks for a column only when it finds something in another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import polars as pl
from polars.io.plugins import register_io_source

from rtml.baselines import Baseline
from rtml.captures.processes import PROCESSES
from rtml.features.contract import Family
from rtml.features.source import LOST, Source
from rtml.features.windows import assemble_with_surprises
from rtml.schema import IDENTITY, POLARS, empty

__all__ = ["columns_of", "held"]

_ALWAYS = ("time", "seq", "host", "container_id", "process_id", "kind")
"""What is looked at besides features: `rtml.models.recognising`, pieces of time."""


def columns_of(families: Mapping[str, Family]) -> list[str]:
    """Return the columns of events that families look at, in the order of `rtml.schema.EVENTS`.

    Examples
    --------
    >>> from rtml.features import families_of
    >>> columns_of(families_of(["binaries"]))[-3:]
    ['exe_written', 'exe_memory', 'count']
    """
    return list(_columns(tuple(families.values())))


@lru_cache(maxsize=16)
def _columns(families: tuple[Family, ...]) -> tuple[str, ...]:
    """Return the columns: to ask an empty source takes a third of a second."""
    asked = set(_ALWAYS)
    identity = pl.DataFrame(schema=dict.fromkeys(IDENTITY, pl.String()))
    nothing = Source(_noting(asked), empty(PROCESSES).lazy(), identity, empty(LOST), unit="tree")
    assemble_with_surprises(nothing, Baseline(), {family.name: family for family in families})
    for selection in {entry.selection for family in families for entry in family.conditionals}:
        if selection.recall is not None:
            recalled = selection.recall(selection.chosen(nothing.events), nothing.processes)
            recalled.select(pl.len()).collect()
    return tuple(name for name in POLARS if name in asked)


def held(source: Source, columns: Sequence[str]) -> Source:
    """Return the source with these columns of its events in memory, and no others."""
    events = source.events.select(columns).collect(engine="streaming")
    return replace(source, events=events.lazy())


def _noting(asked: set[str]) -> pl.LazyFrame:
    """Return a table of no events that notes the columns it is asked for."""

    def rows(
        columns: list[str] | None, predicate: pl.Expr | None, most: int | None, batch: int | None
    ) -> Iterator[pl.DataFrame]:
        asked.update(POLARS.names() if columns is None else columns)
        asked.update([] if predicate is None else predicate.meta.root_names())
        yield pl.DataFrame(schema={name: POLARS[name] for name in columns or POLARS})

    return register_io_source(rows, schema=POLARS)
