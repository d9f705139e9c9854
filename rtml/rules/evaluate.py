"""Run all rules over a capture: once per distinct input, not once per event.

The few columns that the rules of a log source read are reduced to their distinct rows, all rules
are evaluated on those in one select, and the hits are joined back to the events. On ten million
events with 1.5 million distinct inputs this was twelve times faster than one pass per rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from rtml.captures.store import Capture
from rtml.rules.conditions import outcomes
from rtml.rules.contract import Rule
from rtml.rules.correlations.contract import Correlation
from rtml.rules.expressions import prepare
from rtml.rules.inputs import KEYS, rule_inputs
from rtml.rules.views import dead_views
from rtml.schema import IDENTITY, POLARS

__all__ = [
    "HITS", "TABLE", "Evaluation", "account", "evaluate", "masks", "no_events", "with_root",
]  # fmt: skip

HITS = pl.Schema({
    **{name: pl.String if name in IDENTITY else POLARS[name] for name in (*KEYS, *IDENTITY)},
    "rule": pl.String, "root_id": pl.Int64,
})  # fmt: skip
"""One row per event and rule that matched it; ``root_id`` is the lineage root (see findings).

Hits may carry one column more, ``entry``: what the rule matched, for a rule that is a list or a
correlation."""

TABLE = pl.Schema({
    "rule": pl.String, "title": pl.String, "level": pl.String, "type": pl.String,
    "authors": pl.String, "source": pl.String, "events": pl.Int64, "hits": pl.Int64,
    "containers": pl.Int64, "could_match": pl.Boolean, "why_not": pl.String,
})  # fmt: skip
"""One row per rule: events considered, hits, containers with hits, and whether it could match."""


@dataclass(frozen=True)
class Evaluation:
    """Hits (`HITS`) and the account of every rule (`TABLE`)."""

    hits: pl.DataFrame
    table: pl.DataFrame


def evaluate(capture: Capture, rules: Sequence[Rule]) -> Evaluation:
    """Evaluate rules over a capture.

    Parameters
    ----------
    capture
        Infrastructure containers and host processes are not looked at.
    rules
        Of any front end, and correlations; ids must be unique.

    Returns
    -------
    Hits sorted by time, host, seq and rule; a table row for every rule. Rules whose columns are all
    null, or whose kinds of event do not occur, are marked ``could_match = False`` with the reason:
    they did not "find nothing".
    """
    from rtml.rules.correlations.correlate import correlate  # builds on the account made here

    groups: dict[tuple[tuple[str, ...], str], list[Rule]] = {}
    for rule in rules:
        if not isinstance(rule, Correlation):
            groups.setdefault((tuple(sorted(rule.kinds)), rule.where), []).append(rule)
    parts = [_group(capture, *group, members) for group, members in sorted(groups.items())]
    correlations = [rule for rule in rules if isinstance(rule, Correlation)]
    if correlations:
        parts.append(correlate(capture, correlations))
    order = ["time", "host", "seq", "rule"]
    hits = pl.concat([HITS.to_frame(), *(part.hits for part in parts)], how="diagonal").sort(
        order, nulls_last=False
    )
    table = pl.concat([TABLE.to_frame(), *(part.table for part in parts)])
    table = table.sort("hits", "rule", descending=[True, False])
    return Evaluation(with_root(hits, capture), table)


def with_root(hits: pl.DataFrame, capture: Capture) -> pl.DataFrame:
    """Fill ``root_id`` from the process table; a process without one is its own root."""
    if hits.is_empty():
        return hits
    roots = capture.processes().select("process_id", "root_id").unique("process_id").collect()
    known = hits.drop("root_id").join(roots, on="process_id", how="left", maintain_order="left")
    return known.with_columns(pl.coalesce("root_id", "process_id")).select(hits.columns)


def masks(inputs: pl.DataFrame, rules: Iterable[Rule]) -> pl.DataFrame:
    """Evaluate all rules on distinct inputs: one Boolean column per rule id."""
    rules = list(rules)
    prepared = prepare(inputs, (rule.condition for rule in rules))
    return prepared.lazy().select(rule.expression.alias(rule.id) for rule in rules).collect()


def _group(capture: Capture, kinds: tuple[str, ...], where: str, rules: list[Rule]) -> Evaluation:
    if not kinds:
        nothing = HITS.to_frame()
        return Evaluation(nothing, account(capture, rules, nothing, 0, frozenset()))
    columns = sorted(frozenset().union(*(rule.columns for rule in rules)))
    names = [f"in:{name}" for name in columns]
    events = rule_inputs(capture, kinds, where, columns)
    weight = pl.col("count").fill_null(1).sum().alias("_events")
    inputs = events.group_by(names).agg(weight).collect(engine="streaming")
    plain = inputs.rename(dict(zip(names, columns, strict=True)))
    matched = _matched(masks(plain, rules), rules)
    found = inputs.drop("_events").with_row_index("_row").join(matched, on="_row")
    hits = _hits(events, found, names)
    dead = frozenset(name for name in columns if plain[name].null_count() == plain.height)
    return Evaluation(hits, account(capture, rules, hits, int(inputs["_events"].sum()), dead))


def _matched(found: pl.DataFrame, rules: list[Rule]) -> pl.DataFrame:
    """Pairs of distinct input and rule; the rule as a small number while it multiplies."""
    parts = [
        pl.DataFrame({"_row": found[rule.id].arg_true()}).with_columns(_rule=pl.lit(i, pl.UInt16))
        for i, rule in enumerate(rules)
    ]
    return pl.concat(parts).with_columns(
        rule=pl.lit(pl.Series([rule.id for rule in rules])).gather(pl.col("_rule"))
    )


def _hits(events: pl.LazyFrame, found: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    if found.is_empty():
        return HITS.to_frame()
    joined = events.join(found.lazy(), on=names, nulls_equal=True).with_columns(root_id=None)
    return joined.select(pl.col(name).cast(kind) for name, kind in HITS.items()).collect()


def account(
    capture: Capture, rules: list[Rule], hits: pl.DataFrame, events: int, dead: frozenset[str]
) -> pl.DataFrame:
    """Make the account (`TABLE`) of rules that saw ``events``; ``dead``: columns all null."""
    per_rule = hits.group_by("rule").agg(
        hits=pl.col("count").fill_null(1).sum(),
        containers=pl.col("container_id").drop_nulls().n_unique(),
    )
    rows = [
        {
            "rule": rule.id, "title": rule.title, "level": rule.level, "type": rule.finding_type,
            "authors": rule.authors, "source": rule.source, "events": events,
            "why_not": _why_not(capture, rule, events, dead),
        }
        for rule in rules
    ]  # fmt: skip
    table = pl.DataFrame(rows, schema={k: v for k, v in TABLE.items() if k not in _LATER})
    table = table.join(per_rule, on="rule", how="left", maintain_order="left")
    return table.select(
        pl.exclude("hits", "containers"),
        pl.col("hits", "containers").fill_null(0),
        could_match=pl.col("why_not").is_null(),
    ).select(pl.col(name).cast(kind) for name, kind in TABLE.items())


_LATER = ("hits", "containers", "could_match")


def _why_not(capture: Capture, rule: Rule, events: int, dead: frozenset[str]) -> str | None:
    if not rule.kinds:
        return "no event of a container can satisfy it"
    if events == 0:
        return no_events(capture, rule.kinds)
    if outcomes(rule.condition, dead | dead_views(dead))[0]:
        return None
    return f"always null here: {', '.join(sorted(dead & rule.columns))}"


def no_events(capture: Capture, kinds: Sequence[str]) -> str:
    """Say why a capture holds no event of these kinds: the sensor is blind, or none happened."""
    unseen = set(kinds) <= set(capture.manifest.blind)
    reason = "the sensor cannot see" if unseen else "the capture has no"
    return f"{reason} {', '.join(kinds)} events"
