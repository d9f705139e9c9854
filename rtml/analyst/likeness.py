"""How alike incidents are: what they did, with what, reaching what, under which technique."""

from __future__ import annotations

import polars as pl

__all__ = ["alike"]


def alike(findings: pl.DataFrame, table: pl.DataFrame, incident_id: str) -> pl.DataFrame:
    """Return the other incidents by likeness to one, the most alike first.

    Parameters
    ----------
    findings
        `rtml.schema.FINDINGS` with their context.
    table
        `rtml.findings.incidents.INCIDENTS` made of them.
    incident_id
        Of the one that the others are compared with.

    Returns
    -------
    ``incident_id, likeness, shared, workload, first_seen, what``. Likeness is the share of marks (finding
    types and techniques, programs, destinations, files) that both have among those that either has (Jaccard),
    each weighted by how few incidents have it: ``1 / number``. 0 to 1; what shares nothing is left out.
    ``shared`` names the weightiest common marks.
    """
    listed = table.select("incident_id", finding_id="finding_ids").explode("finding_id")
    marks = _marks(listed.join(findings, on="finding_id", how="left"))
    weighed = marks.with_columns(weight=1 / pl.len().over("mark"))
    total = weighed.group_by("incident_id").agg(total=pl.col("weight").sum())
    ours = weighed.filter(pl.col("incident_id") == incident_id)
    own = float(ours["weight"].sum())
    others = weighed.filter(pl.col("incident_id") != incident_id).join(ours.select("mark"), on="mark")
    common = (
        others.sort("weight", "mark", descending=[True, False])
        .group_by("incident_id")
        .agg(common=pl.col("weight").sum(), shared=pl.col("mark").head(4))
    )
    likeness = pl.col("common") / (own + pl.col("total") - pl.col("common"))
    return (
        common.join(total, on="incident_id")
        .join(table, on="incident_id")
        .select("incident_id", "workload", "first_seen", "shared", likeness=likeness, what="title")
        .select("incident_id", "likeness", "shared", "workload", "first_seen", "what")
        .sort("likeness", "incident_id", descending=[True, False])
    )


def _marks(rows: pl.DataFrame) -> pl.DataFrame:
    """Return ``incident_id, mark``, each pair once."""
    programs = pl.col("events").list.eval(pl.element().struct.field("exe"))
    lists = {
        "technique": pl.col("techniques"),
        "reaches": pl.col("destinations"),
        "touches": pl.col("files"),
        "runs": programs,
    }
    parts = [rows.select("incident_id", mark="type")]
    for word, values in lists.items():
        named = rows.select("incident_id", value=values).explode("value").drop_nulls()
        parts.append(named.select("incident_id", mark=pl.format(f"{word} {{}}", "value")))
    return pl.concat(parts).drop_nulls().unique()
