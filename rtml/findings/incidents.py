"""Incidents: findings that are one story are one row, gravest first; the triage order.

Findings belong together when they are about the same process tree (whoever raised them), when they show the
same event, when one tree ran what another had planted (`planted`): a program that a cron job starts later, or
when one goes on with what another did before a restart (`rtml.findings.resumed`). What merely happens in the
same container does not belong together.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from rtml.connected import connected
from rtml.findings.guessing import with_guess
from rtml.findings.unit import stable_id
from rtml.lineage import roots_of
from rtml.schema import FINDINGS, conform, empty
from rtml.times import UTC_NS

__all__ = ["INCIDENTS", "incidents", "planted"]

INCIDENTS = pl.Schema(
    {
        "incident_id": pl.String(),
        "severity": pl.Float64(),
        "first_seen": UTC_NS,
        "last_seen": UTC_NS,
        "findings": pl.Int64(),
        "detectors": pl.List(pl.String),
        "workload": pl.String(),
        "container_id": pl.String(),
        "title": pl.String(),
        "techniques": pl.List(pl.String),
        "guess": pl.String(),
        "maturity": pl.String(),
        "finding_ids": pl.List(pl.String),
    }
)
"""One row per incident. ``techniques`` are those of rules, ``guess`` is what the gravest model finding looks
like, ``maturity`` how little was known of the group of the gravest finding that says so."""

_CHANGES = ("create", "write", "rename", "link", "chmod")


def planted(events: pl.LazyFrame, processes: pl.LazyFrame) -> pl.DataFrame:
    """Return which trees ran what another tree had written: ``container_id``, ``writer``, ``runner``.

    Parameters
    ----------
    events, processes
        Tables of a capture. A program that was run counts when its file was written in the container before.
    """
    roots = roots_of(processes)
    place = (pl.col("container_id", "host").cast(pl.String), pl.col("process_id", "time"))
    changed = events.filter(pl.col("kind").is_in(_CHANGES) | ((pl.col("kind") == "open") & pl.col("wrote")))
    written = changed.select(*place, file=pl.coalesce("path_to", "path"))
    ran = events.filter(pl.col("kind") == "exec").select(*place, file=pl.col("exe").cast(pl.String))
    pairs = (
        written.join(roots, on=["host", "process_id"])
        .select("container_id", "file", "time", writer="root_id")
        .join(
            ran.join(roots, on=["host", "process_id"]).select(
                "container_id", "file", runner="root_id", later="time"
            ),
            on=["container_id", "file"],
        )
        .filter((pl.col("later") > pl.col("time")) & (pl.col("writer") != pl.col("runner")))
    )
    return (
        pairs.select("container_id", "writer", "runner")
        .unique()
        .collect()
        .sort("container_id", "writer", "runner")
    )


def incidents(
    findings: pl.DataFrame, links: pl.DataFrame | None = None, again: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return `INCIDENTS`, gravest first.

    Parameters
    ----------
    findings
        `FINDINGS` of models and rules together.
    links
        What `planted` returned; None: nothing is known of planted programs.
    again
        What `rtml.findings.resumed.resumed` returned; None: nothing is known of restarts.

    Returns
    -------
    Severity is that of the gravest finding, plus a tenth for each further detector that agrees, at most 9.9.
    Every finding is in exactly one incident.

    Examples
    --------
    >>> rows = pl.DataFrame({"finding_id": ["a", "b", "c"], "container_id": ["c1"] * 3,
    ...     "process_id": [7, 7, 8], "detector": ["combined", "rules", "combined"],
    ...     "severity": [6.0, 7.0, 5.0]})
    >>> incidents(rows).select("severity", "findings").rows()
    [(7.1, 2), (5.0, 1)]
    """
    rows = with_guess(conform(findings, FINDINGS)).with_row_index("row")
    if rows.is_empty():
        return empty(INCIDENTS)
    part = _components(rows.height, _keys(rows, links, again))
    ordered = rows.with_columns(part=part).sort(
        "severity", "score", "finding_id", descending=[True, True, False], nulls_last=True
    )
    stories = ordered.group_by("part", maintain_order=True).agg(
        pl.col("severity", "workload", "container_id", "title").first(),
        pl.col("guess", "maturity").drop_nulls().first(),
        first_seen=pl.col("first_seen").min(),
        last_seen=pl.col("last_seen").max(),
        findings=pl.len().cast(pl.Int64),
        detectors=pl.col("detector").drop_nulls().unique().sort(),
        techniques=pl.col("techniques").explode().drop_nulls().unique().sort(),
        finding_ids=pl.col("finding_id").sort(),
    )
    agree = (pl.col("severity") + 0.1 * (pl.col("detectors").list.len() - 1)).clip(upper_bound=9.9)
    ids = pl.Series(
        [stable_id("incident", *ids[:1]) for ids in stories["finding_ids"].to_list()], dtype=pl.String
    )
    graded = stories.with_columns(severity=agree.fill_null(0.0), incident_id=ids)
    graded = graded.sort("severity", "first_seen", "incident_id", descending=[True, False, False])
    return graded.select(pl.col(name).cast(kind) for name, kind in INCIDENTS.items())


def _keys(rows: pl.DataFrame, links: pl.DataFrame | None, again: pl.DataFrame | None) -> pl.DataFrame:
    """Return ``row`` and ``key``: rows that share a key belong together."""
    tree = pl.format("tree {} {}", "container_id", "process_id")
    trees = rows.select("row", key=tree).drop_nulls()
    evidence = rows.select("row", "evidence").explode("evidence").drop_nulls().unnest("evidence")
    events = evidence.select("row", key=pl.format("event {} {}", "host", "seq"))
    parts = [trees, events]
    if again is not None:
        parts.append(rows.join(again, on="finding_id").select("row", "key"))
    if links is not None:
        for side in ("writer", "runner"):
            named = links.select(
                "container_id",
                process_id=side,
                key=pl.format("planted {} {} {}", "container_id", "writer", "runner"),
            )
            parts.append(rows.join(named, on=["container_id", "process_id"]).select("row", "key"))
    return pl.concat(parts)


def _components(number: int, keys: pl.DataFrame) -> pl.Series:
    """Return the component of each row in the graph of rows and keys."""
    codes = keys.with_columns(code=pl.col("key").rank("dense") - 1)
    width = int(codes["code"].n_unique())
    left, right = codes["row"].to_numpy().astype(np.int64), codes["code"].to_numpy().astype(np.int64) + number
    size = number + width
    return pl.Series(connected(left, right, size)[:number])
