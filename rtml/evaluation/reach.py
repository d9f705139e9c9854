"""What a side reaches at each setting that it had before the test: attacks, when first, and what was false.

Sides are only comparable at the same cost. Models are set by their calibration, rules by tuning; what has
no dial has one setting. The headline and the tables by grade are made of the same reaches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import polars as pl

from rtml.evaluation.showing import UNIT
from rtml.evaluation.sides import Side, proper, told
from rtml.evaluation.track import Track
from rtml.schema import SETTINGS
from rtml.times import UTC_NS, Window

__all__ = ["SEEN", "Reach", "Reaches", "at", "first_events", "pairs", "reach", "reaches_of", "together"]

SEEN = pl.Schema({"attack_id": pl.String(), "first_seen": UTC_NS})
"""One row per attack that is found, and when first: see `first_events`."""


class Reach(NamedTuple):
    """What a side finds at one setting (`SEEN`), and the units in which it is false."""

    seen: pl.DataFrame
    false: pl.DataFrame

    @property
    def attacks(self) -> frozenset[str]:
        """Ids of the attacks that it finds."""
        return frozenset(self.seen["attack_id"])


Reaches: TypeAlias = Mapping[str, Mapping[float | None, Reach]]
"""By side and budget; a side that cannot be set has one, for None."""


def reaches_of(sides: Iterable[Side], track: Track) -> Reaches:
    """Return the reaches of all rules, models and rivals at `rtml.schema.SETTINGS`, in their order."""
    return {side.name: {key: reach(side, key, track) for key in _settings(side)} for side in proper(sides)}


def at(reaches: Reaches, name: str, budget: float) -> Reach:
    """Return what a side reaches at a budget; what cannot be set is the same at each."""
    settings = reaches[name]
    return settings.get(budget) or settings[None]


def pairs(sides: Iterable[Side]) -> list[tuple[str, str]]:
    """Name the sides that are judged together: the first rules with each model and rival."""
    ours = proper(sides)
    first = next((side.name for side in ours if side.kind == "rules"), None)
    return [(first, side.name) for side in ours if first is not None and side.kind != "rules"]


def _settings(side: Side) -> Sequence[float | None]:
    """Return the budgets that a side is set to; what cannot be set is matched once, not once per budget."""
    return SETTINGS if _by_score(side) or side.dial is not None else [None]


def _by_score(side: Side) -> bool:
    return side.trees is not None and "budget" in side.trees.columns


def reach(side: Side, budget: float | None, track: Track) -> Reach:
    """Return what a side reaches at a budget: by its tree scores, its dial, or as it is."""
    if side.trees is not None and _by_score(side) and budget is not None and side.asked != budget:
        alarms = told(side.trees, budget).select("container_id", "window", "root_id")
        rows = track.trees.join(alarms.unique(), on=alarms.columns, how="semi", nulls_equal=True)
        hits = rows.drop_nulls("attack_id").group_by("attack_id").agg(first_seen=pl.col("window").min())
        seen = hits.with_columns(pl.col("first_seen") + track.every.span).sort("attack_id")
        return Reach(seen, rows.filter(pl.col("outcome") == "false").select(UNIT).unique())
    findings = side.findings if side.dial is None or budget is None else side.dial.get(budget, side.findings)
    tested, matched = track.judged(findings)
    hits = first_events(tested, matched.hits, track.every)
    seen = hits.group_by("attack_id").agg(pl.col("first_seen").min()).sort("attack_id")
    return Reach(seen, matched.false_units)


def first_events(findings: pl.DataFrame, hits: pl.DataFrame, every: Window) -> pl.DataFrame:
    """Add ``first_seen`` to hits: when a finding's event in the attack was seen.

    A model knows it at the end of the event's window, because only a whole window is scored.
    """
    sources = findings.select("source").with_row_index("finding")
    window_end = every.start("detected") + every.span
    known = pl.when(pl.col("source") == "model").then(window_end).otherwise(pl.col("detected"))
    return hits.join(sources, on="finding").with_columns(first_seen=known)


def together(one: Reach, other: Reach) -> Reach:
    """Return what two sides reach together: a unit that both are wrong about counts once."""
    seen = pl.concat([one.seen, other.seen]).group_by("attack_id").agg(pl.col("first_seen").min())
    return Reach(seen.sort("attack_id"), pl.concat([one.false, other.false]).unique())
