"""How many hits of each rule did not become findings that anybody sees."""

from __future__ import annotations

import polars as pl

from rtml.findings.unit import slot_of
from rtml.rules.running.run import Ran

__all__ = ["with_suppressed"]


def with_suppressed(ran: Ran, archived: pl.DataFrame) -> pl.DataFrame:
    """Return the account of rules with ``suppressed``: hits that were silenced or archived.

    Parameters
    ----------
    ran
        What ran. Hits silenced by trusted lists, and copies by resolvers, are not among its hits.
    archived
        Findings (`rtml.schema.FINDINGS`) made of these hits that suppression rules took away.

    Returns
    -------
    `rtml.rules.account.TABLE` and ``suppressed``, a count of events; 0 where nothing was.
    """
    types = {rule.id: rule.finding_type for rule in ran.rules}
    units = archived.select(
        "container_id", "type", "actor", slot_of("first_seen"), root_id="process_id"
    ).unique()
    called = "actor" if "actor" in ran.hits.columns else None
    hits = ran.hits.with_columns(
        actor=pl.lit(None, pl.String) if called is None else pl.col(called)
    ).with_columns(
        slot_of(),
        type=pl.col("rule").replace_strict(types, default=None, return_dtype=pl.String),
        events=pl.col("count").fill_null(1),
    )
    gone = hits.join(
        units, on=["container_id", "root_id", "slot", "type", "actor"], how="semi", nulls_equal=True
    )
    counts = (
        pl.concat([gone.select("rule", "events"), ran.silenced.select("rule", "events")])
        .group_by("rule")
        .agg(suppressed=pl.col("events").sum())
    )
    return ran.evaluation.table.join(counts, on="rule", how="left", maintain_order="left").with_columns(
        pl.col("suppressed").fill_null(0)
    )
