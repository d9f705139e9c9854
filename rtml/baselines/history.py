"""What a history says at each level of back-off, made once and asked often: scoring is often of one minute.

Texts are numbers here: contexts of a level, and keys with the places that draw names.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rtml.baselines.conditional import Conditional
from rtml.baselines.drawing import Drawn, newness, places_with_names
from rtml.baselines.evidence import CONTEXT, PEERS, evidence

__all__ = ["AT", "History", "at_levels", "history"]

AT = "_at"
"""The number of a level, from most specific to most general."""

_MOST = 1_000_000
"""Counts that are held once for each level."""


@dataclass(frozen=True)
class History:
    """The history of a conditional; a context of each level has its number, so one table holds all levels.

    Parameters
    ----------
    keys
        ``key`` and its number ``_key``, of places that draw names too.
    distinct
        How many keys were seen.
    contexts
        `AT`, `rtml.baselines.evidence.CONTEXT` and the number ``_level`` of each that was seen.
    tails
        ``_level, _key, _m``: the evidence of keys that are no more usual than this one.
    totals
        ``_level, _M, _T, _N``: evidence, distinct keys and events of a context.
    newness
        ``_level, _key, _new``: P(next name of a place is new).
    places
        ``place`` of each that names were counted in.
    """

    keys: pl.DataFrame
    distinct: int
    contexts: pl.DataFrame
    tails: pl.DataFrame
    totals: pl.DataFrame
    newness: pl.DataFrame
    places: pl.DataFrame


def history(conditional: Conditional, learnt: Drawn) -> History:
    """Make ready what was learnt of a conditional, as `rtml.baselines.drawing.drawn` returns it."""
    names = pl.concat([learnt.counts["key"], learnt.members["place"]]).unique()
    keys = pl.DataFrame({"key": names}).with_row_index("_key")
    counts = _numbered(learnt.counts, "key", keys).select(*PEERS, "_key", "container", "count")
    members = _numbered(learnt.members, "place", keys).with_columns(pl.col("key").rank("dense"))
    contexts = _contexts(conditional, counts)
    levels = range(len(conditional.levels))
    # Levels are looked at together where that fits: a query has its price, however little it reads.
    together = [list(levels)] if counts.height * len(levels) < _MOST else [[at] for at in levels]
    told = [_said(contexts.filter(pl.col(AT).is_in(some)), counts, members) for some in together]
    tails, totals, chances = (pl.concat(tables) for tables in zip(*told, strict=True))
    numbered = contexts.select(AT, *CONTEXT, "_level").unique()
    places = places_with_names(learnt)
    return History(keys, learnt.counts["key"].n_unique(), numbered, tails, totals, chances, places)


def _contexts(conditional: Conditional, counts: pl.DataFrame) -> pl.DataFrame:
    """Return whom each level takes together: `PEERS`, `AT`, `CONTEXT`, and a number for each of these."""
    placed = at_levels(conditional, counts.select(PEERS).unique()).drop_nulls(CONTEXT)
    return placed.with_columns(_level=pl.struct(AT, *CONTEXT).rank("dense"))


def at_levels(conditional: Conditional, contexts: pl.DataFrame) -> pl.DataFrame:
    """Return contexts once for each level, level by level, with `AT` and its `CONTEXT`."""
    levels = enumerate(conditional.levels)
    parts = [contexts.lazy().with_columns(pl.lit(at).alias(AT), *level.columns()) for at, level in levels]
    return pl.concat(parts).collect()


def _numbered(rows: pl.DataFrame, column: str, keys: pl.DataFrame) -> pl.DataFrame:
    """Add ``_key``, the number of a column, and make numbers of containers."""
    named = rows.join(keys, left_on=column, right_on="key", how="left", maintain_order="left")
    return named.with_columns(pl.col("container").rank("dense"))


def _said(
    codes: pl.DataFrame, counts: pl.DataFrame, members: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return tails, totals and newness of some levels."""
    codes = codes.select(*PEERS, "_level")
    tails, totals = evidence(counts.join(codes, on=PEERS, nulls_equal=True).drop(PEERS))
    lying = members.join(codes, on=PEERS, nulls_equal=True)
    return tails, totals, newness(lying, ["_level", "_key"]).select("_level", "_key", _new="new")
