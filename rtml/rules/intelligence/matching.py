"""Lists over a capture: distinct values are matched once, hits joined back to their events."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rtml.captures.store import Capture
from rtml.rules.account import HITS, TABLE, Evaluation, account, with_root
from rtml.rules.intelligence.categories import USES
from rtml.rules.intelligence.lists import Intelligence
from rtml.rules.intelligence.observed import OBSERVED, Observed
from rtml.rules.intelligence.relay import both_ways
from rtml.rules.intelligence.resolvers import copies
from rtml.rules.intelligence.rules import list_rules, rule_id
from rtml.rules.language.contract import Rule
from rtml.schema import empty
from rtml.text import visible

__all__ = ["SILENCED", "Matched", "counted", "expired", "list_hits", "match_lists", "still_listed"]

SILENCED = pl.Schema({"rule": pl.String, "by": pl.String, "events": pl.Int64})
"""Hits that did not count, by what silenced them: a trusted list, or the original of a copy."""


@dataclass(frozen=True)
class Matched:
    """Rules (one for each list and use), their hits and account, and what was silenced."""

    rules: list[Rule]
    evaluation: Evaluation
    silenced: pl.DataFrame


def match_lists(capture: Capture, intelligence: Intelligence) -> Matched:
    """Match lists against connections, DNS and executed programs of workload containers.

    Parameters
    ----------
    capture
        Containers of role ``infrastructure`` and host processes are not looked at.
    intelligence
        The lists, as `rtml.rules.intelligence.load_intelligence` returns them.

    Returns
    -------
    Hits are `rtml.rules.account.HITS` with ``entry``: what the list holds, and what was seen if
    that differs. An event counts once for each rule, by the longest entry. Fails when the sensor
    does not see a kind of event or a column (hashes, names): the account says so.
    """
    rules = list_rules(intelligence)
    parts = [
        _matched_by_use(capture, intelligence, use, [rule for rule in rules if rule.tags == (use,)])
        for use in USES
    ]
    hits = pl.concat([_empty(), *(hits for hits, _, _ in parts)]).sort("time", "host", "seq", "rule")
    table = pl.concat([empty(TABLE), *(table for _, table, _ in parts)])
    silenced = pl.concat([empty(SILENCED), *(frame for _, _, frame in parts)])
    return Matched(
        rules,
        Evaluation(with_root(hits, capture), table.sort("hits", "rule", descending=[True, False])),
        silenced.group_by("rule", "by").agg(pl.col("events").sum()).sort("rule", "by"),
    )


def _empty() -> pl.DataFrame:
    return pl.DataFrame(schema={**HITS, "entry": pl.String})


def _matched_by_use(
    capture: Capture, intelligence: Intelligence, use: str, rules: list[Rule]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    if not rules:
        return _empty(), empty(TABLE), empty(SILENCED)
    seen = OBSERVED[use]
    events = seen.events(capture)
    weight = pl.col("count").fill_null(1).sum().cast(pl.Int64).alias("events")
    values = events.group_by("value").agg(weight).collect(engine="streaming")
    bad, trusted = (
        _named(frame, use, intelligence, rules)
        for frame in intelligence.untrusted(USES[use], values["value"])
    )
    joined = _joined(events, bad)
    matches, copied = _without_copies(joined.filter(still_listed()), seen)
    hits = list_hits(both_ways(matches) if use == "relay" else matches)
    silenced = [
        _trusted(values, trusted, intelligence),
        counted(copied, "the resolver's copy"),
        counted(expired(joined, matches), "no longer listed then"),
    ]
    dead = frozenset() if values["value"].is_not_null().any() else frozenset(seen.columns)
    table = account(capture, rules, hits, int(values["events"].sum()), dead)
    return hits, table, pl.concat(silenced)


def _named(matches: pl.DataFrame, use: str, intelligence: Intelligence, rules: list[Rule]) -> pl.DataFrame:
    """Add the rule; a list whose category has no such use is not looked at."""
    ids = {i: rule_id(description.name, use) for i, description in enumerate(intelligence.lists)}
    named = matches.with_columns(rule=pl.col("list").replace_strict(ids, return_dtype=pl.String))
    return named.filter(pl.col("rule").is_in([rule.id for rule in rules]))


def _joined(events: pl.LazyFrame, bad: pl.DataFrame) -> pl.DataFrame:
    """Events with rule and entry; distinct entries are made fit to be shown before."""
    shown = [
        visible(entry if entry == value else f"{entry} ({value})")
        for value, entry in bad.select("value", "entry").iter_rows()
    ]
    named = bad.with_columns(entry=pl.Series("entry", shown, dtype=pl.String))
    return events.join(named.lazy(), on="value").collect(engine="streaming")


def still_listed() -> pl.Expr:
    """Say which joined rows (``time``, ``until``) came before their entry ended to hold."""
    return pl.col("until").is_null() | (pl.col("time").dt.epoch("ns") < pl.col("until"))


def expired(joined: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """Return, once for each event and rule, the rows whose entries had all ended to hold."""
    gone = joined.filter(~still_listed()).unique(["host", "seq", "rule"], maintain_order=True)
    return gone.join(kept, on=["host", "seq", "rule"], how="anti")


def _without_copies(matches: pl.DataFrame, seen: Observed) -> tuple[pl.DataFrame, pl.DataFrame]:
    if not seen.names:
        return matches, matches.clear()
    copied = copies(matches)
    return matches.filter(~copied), matches.filter(copied)


def list_hits(matches: pl.DataFrame) -> pl.DataFrame:
    """Make hits of joined events (with ``rule`` and ``entry``), one for each event and rule."""
    # The engine gives rows in any order: which entry an event keeps must not depend on it.
    if "size" not in matches.columns:
        matches = matches.with_columns(size=pl.lit(0))
    order = ["time", "host", "seq", "rule", "size", "entry"]
    ordered = matches.sort(order, descending=[name == "size" for name in order])
    once = ordered.unique(["host", "seq", "rule"], keep="first", maintain_order=True)
    return once.select(
        *(pl.col(name).cast(kind) for name, kind in HITS.items() if name != "root_id"),
        "entry",
        root_id=pl.lit(None, pl.Int64),
    ).select(*HITS, "entry")


def counted(rows: pl.DataFrame, by: str) -> pl.DataFrame:
    """Count joined events that did not become hits (`SILENCED`)."""
    counts = rows.group_by("rule").agg(events=pl.col("count").fill_null(1).sum())
    return counts.select("rule", pl.col("events").cast(pl.Int64), by=pl.lit(by)).select(*SILENCED)


def _trusted(values: pl.DataFrame, trusted: pl.DataFrame, intelligence: Intelligence) -> pl.DataFrame:
    names = {i: f"trusted: {description.name}" for i, description in enumerate(intelligence.lists)}
    by = pl.col("trusted").replace_strict(names, return_dtype=pl.String)
    return trusted.join(values, on="value").select("rule", "events", by=by).select(*SILENCED)
