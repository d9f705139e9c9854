"""The account of rules: hits, what each rule saw, and why one could not match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import polars as pl

from rtml import lineage
from rtml.captures.store import Capture
from rtml.rules.language.columns import MEANT
from rtml.rules.language.conditions import columns_of, outcomes
from rtml.rules.language.contract import Rule
from rtml.rules.language.inputs import KEYS, rule_inputs
from rtml.rules.language.partial import ANY_VALUES, possible, unseen, untold
from rtml.rules.language.views import dead_views
from rtml.schema import IDENTITY, POLARS

__all__ = ["HITS", "TABLE", "Evaluation", "account", "no_events", "with_root"]

HITS = pl.Schema(
    {
        **{name: pl.String if name in IDENTITY else POLARS[name] for name in (*KEYS, *IDENTITY)},
        "rule": pl.String,
        "root_id": pl.Int64,
    }
)
"""One row per event and rule that matched it; ``root_id`` is the lineage root (see findings).

Hits may carry one column more, ``entry``: what the rule matched, for a rule that is a list or a
correlation."""

TABLE = pl.Schema(
    {
        "rule": pl.String,
        "title": pl.String,
        "level": pl.String,
        "type": pl.String,
        "authors": pl.String,
        "source": pl.String,
        "events": pl.Int64,
        "hits": pl.Int64,
        "containers": pl.Int64,
        "could_match": pl.Boolean,
        "why_not": pl.String,
    }
)
"""One row per rule: events considered, hits, containers with hits, and whether it could match.

``why_not`` says why it could not, or, behind ``partly:``, what of it could not be looked at."""


_PARTLY = "partly: "


@dataclass(frozen=True)
class Evaluation:
    """Hits (`HITS`) and the account of every rule (`TABLE`)."""

    hits: pl.DataFrame
    table: pl.DataFrame


def with_root(hits: pl.DataFrame, capture: Capture) -> pl.DataFrame:
    """Fill ``root_id`` from the process table; a process without one is its own root."""
    if hits.is_empty():
        return hits
    rooted = lineage.with_root(hits.drop("root_id").lazy(), capture.processes())
    return rooted.select(hits.columns).collect()


def account(
    capture: Capture,
    rules: list[Rule],
    hits: pl.DataFrame,
    events: int,
    dead: frozenset[str],
    seen: Mapping[str, Set[str]] = ANY_VALUES,
) -> pl.DataFrame:
    """Make the account (`TABLE`) of rules that saw ``events``.

    Columns in ``dead`` are all null; of those in ``seen`` all values are known (`possible`).
    """
    per_rule = hits.group_by("rule").agg(
        hits=pl.col("count").fill_null(1).sum(), containers=pl.col("container_id").drop_nulls().n_unique()
    )
    inputs = {(tuple(rule.kinds), rule.where) for rule in rules if rule.kinds and events == 0}
    nothing = {(kinds, where): no_events(capture, kinds, where) for kinds, where in inputs}
    rows = [
        {
            "rule": rule.id,
            "title": rule.title,
            "level": rule.level,
            "type": rule.finding_type,
            "authors": rule.authors,
            "source": rule.source,
            "events": events,
            "why_not": nothing.get((tuple(rule.kinds), rule.where)) or _why_not(rule, dead, seen),
        }
        for rule in rules
    ]
    table = pl.DataFrame(rows, schema={k: v for k, v in TABLE.items() if k not in _LATER})
    table = table.join(per_rule, on="rule", how="left", maintain_order="left")
    return table.select(
        pl.exclude("hits", "containers"),
        pl.col("hits", "containers").fill_null(0),
        could_match=pl.col("why_not").is_null() | pl.col("why_not").str.starts_with(_PARTLY),
    ).select(pl.col(name).cast(kind) for name, kind in TABLE.items())


_LATER = ("hits", "containers", "could_match")


def _why_not(rule: Rule, dead: frozenset[str], seen: Mapping[str, Set[str]]) -> str | None:
    if not rule.kinds:
        return "no event of a container can satisfy it"
    null = dead | dead_views(dead, columns_of(rule.condition))
    reasons = "; ".join(untold(rule.condition, dead))
    if "syscall" not in rule.kinds:  # Requests of other kinds are no names of calls.
        seen = {name: values for name, values in seen.items() if name != "request"}
    if outcomes(possible(rule.condition, dead, seen), null)[0]:
        return f"{_PARTLY}{reasons}" if reasons else None
    if outcomes(possible(rule.condition, dead), null)[0]:
        return unseen(rule.condition, seen)
    if outcomes(rule.condition, null)[0]:
        return reasons
    return f"always null here: {', '.join(sorted(dead & rule.columns))}"


def no_events(capture: Capture, kinds: Sequence[str], where: str = "") -> str:
    """Say why no event is looked at: none is of a container or what is meant, none is seen, or none was.

    Parameters
    ----------
    capture
        The capture.
    kinds, where
        Which events are meant (`rtml.rules.language.columns.WHERE`).
    """
    manifest = capture.manifest
    outside = [kind for kind in kinds if manifest.kinds.get(kind)]
    if outside and where and _are_there(capture, outside):
        return f"no {', '.join(outside)} event of a container {MEANT[where]}"
    if outside:
        none = "" if manifest.containers else f": {manifest.sensor} named no container at all"
        return f"no {', '.join(outside)} event is of a container{none}"
    unseen = set(kinds) <= set(manifest.blind)
    reason = "the sensor cannot see" if unseen else "the capture has no"
    return f"{reason} {', '.join(kinds)} events"


def _are_there(capture: Capture, kinds: Sequence[str]) -> bool:
    first = rule_inputs(capture, kinds, "", []).select("container_id").head(1)
    return not first.collect(engine="streaming").is_empty()
