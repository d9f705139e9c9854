"""Who found each attack, and whether rules, models, both or neither did."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rtml.evaluation.measure import Measure, refused, share
from rtml.evaluation.origins import groups_of
from rtml.evaluation.sides import Side

__all__ = ["by_attack", "gain"]


def by_attack(table: pl.DataFrame) -> pl.DataFrame:
    """Return one row per attack: who found it, when first, and the verdict over both camps.

    Columns: ``attack_id, technique, name, container_id, start, end, rules, models`` (names of the
    sides that found it), ``verdict``, ``delay_s`` (of the earliest).

    Examples
    --------
    >>> at = pl.Series([0]).cast(pl.Datetime("ns", "UTC"))
    >>> table = pl.DataFrame({"attack_id": ["a"], "technique": [None], "name": ["x"],
    ...     "container_id": ["c"], "start": at, "end": at, "side": ["forest"], "kind": ["model"],
    ...     "found": [True], "delay_s": [4.0]})
    >>> by_attack(table).select("models", "verdict").row(0)
    (['forest'], 'models only')
    """
    about = ["attack_id", "technique", "name", "container_id", "start", "end"]
    proper = table.filter(pl.col("kind").is_in(["rules", "model"]))

    def finders(kind: str) -> pl.Expr:
        return pl.col("side").filter((pl.col("kind") == kind) & pl.col("found"))

    rules, models = pl.col("rules").list.len() > 0, pl.col("models").list.len() > 0
    verdict = (
        pl.when(rules & models)
        .then(pl.lit("both"))
        .when(rules)
        .then(pl.lit("rules only"))
        .when(models)
        .then(pl.lit("models only"))
        .otherwise(pl.lit("neither"))
    )
    return (
        proper.group_by(about, maintain_order=True)
        .agg(rules=finders("rules"), models=finders("model"), delay_s=pl.col("delay_s").min())
        .with_columns(verdict=verdict)
        .sort("start", "attack_id")
    )


def gain(sides: Sequence[Side], attacks: pl.DataFrame) -> Measure:
    """Return the share of attacks that only models found; undefined where nothing can be compared."""
    if not any(side.kind == "model" for side in sides):
        return refused("no model was judged")
    if not any(side.kind == "rules" and side.findings.height for side in sides):
        return refused("no rules were judged, or none of them ever matched: nothing to compare with")
    return share((attacks["verdict"] == "models only").to_numpy(), once=groups_of(attacks))
