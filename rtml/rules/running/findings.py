"""From hits to findings, and to one score per container window."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rtml.findings.actors import by_actor, named
from rtml.findings.levels import LEVELS, WEIGHTS
from rtml.findings.unit import UNIT, aggregate, slot_of
from rtml.rules.language.contract import Rule
from rtml.times import MINUTE, Length, Window

__all__ = ["findings_of", "rule_scores"]


def _facts(rules: Sequence[Rule]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "rule": [rule.id for rule in rules],
            "label": [rule.label for rule in rules],
            "type": [rule.finding_type for rule in rules],
            "severity": [LEVELS[rule.level] for rule in rules],
            "weight": [WEIGHTS[rule.level] for rule in rules],
            "techniques": [list(rule.techniques) for rule in rules],
        },
        schema={
            "rule": pl.String,
            "label": pl.String,
            "type": pl.String,
            "severity": pl.Float64,
            "weight": pl.Float64,
            "techniques": pl.List(pl.String),
        },
    )


def findings_of(hits: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Turn hits into findings: one per finding type, container, 5 minutes and lineage root.

    Parameters
    ----------
    hits
        `rtml.rules.account.HITS`.
    rules
        The rules that were evaluated; each gives its type, level, techniques and author.

    Returns
    -------
    `rtml.schema.FINDINGS`. The title is that of the most severe rule, with its author and how many
    more rules matched; every rule stands among the contributions, with its author, its number of
    matches as ``value`` and its part of the summed weights as ``share``. A hit on a list names the
    entry that it matched. ``score`` is the highest weight (`WEIGHTS`), severity the highest
    level's. Hits with an ``actor`` (`rtml.findings.actors`) are one finding per type, actor, target
    and 5 minutes.
    """
    rows = hits.join(_facts(rules), on="rule").with_columns(
        slot_of(), process_id="root_id", count=pl.col("count").fill_null(1), title="label", score="weight"
    )
    if "actor" not in rows.columns:
        return _together(rows)
    called, keys = by_actor(rows.filter(pl.col("actor").is_not_null()))
    parts = [_together(rows.filter(pl.col("actor").is_null())), named(_together(called), keys)]
    return pl.concat(parts).sort("first_seen", "finding_id")


def _together(rows: pl.DataFrame) -> pl.DataFrame:
    return aggregate(rows, _contributions(rows), source="rule", detector="rules")


def _contributions(rows: pl.DataFrame) -> pl.DataFrame:
    """Each rule once per unit: its matches, and its part of the weights of all that matched."""
    feature = pl.col("label")
    if "entry" in rows.columns:
        named = pl.format("{}: {}", "label", "entry")
        feature = pl.when(pl.col("entry").is_null()).then(feature).otherwise(named)
    per_rule = rows.group_by(*UNIT, feature=feature).agg(
        value=pl.col("count").sum(), weight=pl.col("weight").max()
    )
    # Sums of thousandths: the order of rows must not change a bit.
    parts = (pl.col("weight") * 1000).round().cast(pl.Int64)
    return per_rule.with_columns(share=parts / parts.sum().over(UNIT))


def rule_scores(
    hits: pl.DataFrame, rules: Sequence[Rule], windows: pl.DataFrame, every: Length = MINUTE
) -> pl.DataFrame:
    """Score container windows by the most severe rule that matched, ties by how many rules did.

    ``score = max(weight of level) + 0.001 * min(distinct rules, 40)``; 0 where no rule matched. So
    rules and detectors pass through the same track.

    Parameters
    ----------
    hits, rules
        As for `findings_of`.
    windows
        ``container_id`` and ``window`` (start); each comes back once per row, in the same order.
    every
        Length of a window.
    """
    window = Window.of(every).start().cast(windows.schema["window"])
    scored = (
        hits.join(_facts(rules), on="rule")
        .group_by(pl.col("container_id").cast(pl.String), window)
        .agg(top=pl.col("weight").max(), distinct=pl.col("rule").n_unique())
        .select("container_id", "window", score=pl.col("top") + 0.001 * pl.col("distinct").clip(0, 40))
    )
    asked = windows.select(pl.col("container_id").cast(pl.String), "window")
    return asked.join(scored, on=["container_id", "window"], how="left", maintain_order="left").with_columns(
        pl.col("score").fill_null(0.0)
    )
