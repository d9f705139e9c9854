"""What a history says at each level of back-off, made once and asked often: scoring is often of one minute.

Texts are numbers here: contexts of a level, and keys with the places that draw names.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rtml.baselines.conditional import Conditional, Level
from rtml.baselines.drawing import Drawn, newness, places_with_names
from rtml.baselines.evidence import CONTEXT, PEERS, evidence

__all__ = ["AtLevel", "History", "history"]


@dataclass(frozen=True)
class AtLevel:
    """One level of a history.

    Parameters
    ----------
    contexts
        `rtml.baselines.evidence.CONTEXT` and the number ``_level`` of each that was seen.
    keys
        ``_level, _key, _m``: the evidence of keys that are no more usual than this one.
    totals
        ``_level, _M, _T, _N``: evidence, distinct keys and events of a context.
    places
        ``_level, _key, _new``: P(next name of a place is new).
    """

    contexts: pl.DataFrame
    keys: pl.DataFrame
    totals: pl.DataFrame
    places: pl.DataFrame


@dataclass(frozen=True)
class History:
    """The history of a conditional.

    Parameters
    ----------
    keys
        ``key`` and its number ``_key``, of places that draw names too.
    distinct
        How many keys were seen.
    levels
        What each level says, from most specific to most general.
    places
        ``place`` of each that names were counted in.
    """

    keys: pl.DataFrame
    distinct: int
    levels: tuple[AtLevel, ...]
    places: pl.DataFrame


def history(conditional: Conditional, learnt: Drawn) -> History:
    """Make ready what was learnt of a conditional, as `rtml.baselines.drawing.drawn` returns it."""
    names = pl.concat([learnt.counts["key"], learnt.members["place"]]).unique()
    keys = pl.DataFrame({"key": names}).with_row_index("_key")
    counts = _numbered(learnt.counts, "key", keys).select(*PEERS, "_key", "container", "count")
    members = _numbered(learnt.members, "place", keys).with_columns(pl.col("key").rank("dense"))
    levels = tuple(_at(level, counts, members) for level in conditional.levels)
    return History(keys, learnt.counts["key"].n_unique(), levels, places_with_names(learnt))


def _numbered(rows: pl.DataFrame, column: str, keys: pl.DataFrame) -> pl.DataFrame:
    """Add ``_key``, the number of a column, and make numbers of containers."""
    named = rows.join(keys, left_on=column, right_on="key", how="left", maintain_order="left")
    return named.with_columns(pl.col("container").rank("dense"))


def _at(level: Level, counts: pl.DataFrame, members: pl.DataFrame) -> AtLevel:
    peers = counts.select(PEERS).unique()
    placed = peers.with_columns(level.columns())
    contexts = placed.select(CONTEXT).drop_nulls().unique().with_row_index("_level")
    codes = placed.join(contexts, on=CONTEXT).select(*PEERS, "_level")
    keys, totals = evidence(counts.join(codes, on=PEERS, nulls_equal=True).drop(PEERS))
    lying = members.join(codes, on=PEERS, nulls_equal=True)
    places = newness(lying, ["_level", "_key"]).select("_level", "_key", _new="new")
    return AtLevel(contexts, keys, totals, places)
