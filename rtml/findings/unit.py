"""The unit of a finding: container x 5 minutes x lineage root. The same for rules and models.

Two sides can only be compared when they count alike: one hundred matches of a rule under one shell
are one finding, and so is a model's alarm about that shell.
"""

from __future__ import annotations

import hashlib
from typing import Any

import polars as pl

from rtml.findings.context import MOST_SHOWN
from rtml.schema import EVENT, FINDINGS, IDENTITY, conform
from rtml.text import SEPARATOR, visible

__all__ = [
    "CONTRIBUTIONS",
    "EVIDENCE",
    "MOST_CONTRIBUTIONS",
    "MOST_EVIDENCE",
    "SLOT",
    "UNIT",
    "aggregate",
    "finding_id",
    "slot_of",
    "stable_id",
]

SLOT = "5m"
"""Length of a unit in time; slots start at whole multiples since the epoch."""

MOST_EVIDENCE = 50
"""Events that a finding lists, the weightiest first; ``count`` counts all."""

MOST_CONTRIBUTIONS = 20
"""Reasons that a finding lists, the greatest first."""

UNIT = ("container_id", "process_id", "slot", "type")
_UTC = pl.Datetime("ns", "UTC")
_EVIDENCE: dict[str, Any] = {
    **dict.fromkeys(IDENTITY, pl.String),
    "seq": pl.Int64,
    "time": _UTC,
    "until": _UTC,
    "slot": _UTC,
    "process_id": pl.Int64,
    "type": pl.String,
    "title": pl.String,
    "count": pl.Int64,
    "weight": pl.Float64,
    "severity": pl.Float64,
    "score": pl.Float64,
    "p_value": pl.Float64,
    "techniques": pl.List(pl.String),
    "counterfactual": pl.String,
    "maturity": pl.String,
    "again": FINDINGS["again"],
    "event": pl.Struct(EVENT),
}
EVIDENCE = pl.Schema(_EVIDENCE)
"""Rows that findings are made of: one event each. ``seq`` is null for an alarm without an event,
which lasts until ``until``; for events that is null. ``event`` is what such an alarm says of itself."""

CONTRIBUTIONS = pl.Schema(
    {
        "container_id": pl.String(),
        "process_id": pl.Int64(),
        "slot": _UTC,
        "type": pl.String(),
        "feature": pl.String(),
        "value": pl.Float64(),
        "usual": pl.Float64(),
        "share": pl.Float64(),
    }
)
"""Reasons per unit; the shares of a unit add up to at most 1."""


def slot_of(time: str = "time") -> pl.Expr:
    """Start of the slot that a time falls into.

    Examples
    --------
    >>> import datetime as dt
    >>> at = pl.DataFrame({"time": [dt.datetime(2026, 1, 1, 10, 44, 59, tzinfo=dt.UTC)]})
    >>> at.select(slot_of()).item().isoformat()
    '2026-01-01T10:40:00+00:00'
    """
    return pl.col(time).cast(_UTC).dt.truncate(SLOT).alias("slot")


def finding_id(
    source: str, detector: str, kind: str, container_id: str, process_id: int | None, slot_ns: int
) -> str:
    """Return the stable name of a finding: 32 hexadecimal digits of a hash of its unit.

    Examples
    --------
    >>> finding_id("rule", "rules", "Execution:Runtime/ReverseShell", "c1", 7, 0)
    '4aacbf6a99a2f879dd17411f82b7b0a3'
    """
    return stable_id(source, detector, kind, container_id, str(process_id), str(slot_ns))


def stable_id(*parts: str) -> str:
    """Return a name made of these parts: 32 hexadecimal digits, the same in every run.

    Examples
    --------
    >>> stable_id("a", "b") == stable_id("a", "b"), stable_id("a", "b") == stable_id("ab")
    (True, False)
    """
    text = SEPARATOR.join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def aggregate(
    evidence: pl.DataFrame, contributions: pl.DataFrame, source: str, detector: str
) -> pl.DataFrame:
    """Bring evidence together into findings, one per `UNIT`.

    Parameters
    ----------
    evidence
        Columns of `EVIDENCE`. An event counts once per unit, however many rows name it; a row
        without an event (an alert of another engine) counts as what its ``count`` says.
    contributions
        Columns of `CONTRIBUTIONS`.
    source, detector
        As in `rtml.schema.FINDINGS`.

    Returns
    -------
    `FINDINGS`, sorted by ``first_seen`` and ``finding_id``; the title is that of the weightiest
    evidence; severity and score are the highest, the p-value the lowest of the unit.
    """
    rows = conform(evidence, EVIDENCE).sort(
        ["weight", "time", "host", "seq", "title"],
        descending=[True, *[False] * 4],
        nulls_last=True,
        maintain_order=True,
    )
    parts = [_facts(rows), _events(rows), _reasons(conform(contributions, CONTRIBUTIONS))]
    findings = parts[0]
    for part in parts[1:]:
        findings = findings.join(part, on=UNIT, how="left", nulls_equal=True)
    findings = findings.with_columns(source=pl.lit(source), detector=pl.lit(detector))
    return conform(_named(findings), FINDINGS).sort("first_seen", "finding_id")


def _facts(rows: pl.DataFrame) -> pl.DataFrame:
    others = [name for name in IDENTITY if name != "container_id"]
    titles = pl.col("title").drop_nulls().unique(maintain_order=True)
    facts = rows.group_by(UNIT, maintain_order=True).agg(
        pl.col(others).drop_nulls().first(),
        pl.col("severity", "score").max(),
        pl.col("p_value").min(),
        pl.col("counterfactual", "maturity", "again").drop_nulls().first(),
        first_seen=pl.col("time").min(),
        last_seen=pl.coalesce("until", "time").max(),
        title=titles.first(),
        more=titles.len().cast(pl.Int64) - 1,
        techniques=pl.col("techniques").explode().drop_nulls().unique().sort(),
        events=pl.col("event").drop_nulls().head(MOST_SHOWN),
    )
    facts = facts.with_columns(events=pl.when(pl.col("events").list.len() > 0).then("events"))
    more = pl.format("{} and {} more", "title", "more")
    return facts.with_columns(title=pl.when(pl.col("more") > 0).then(more).otherwise("title"))


def _events(rows: pl.DataFrame) -> pl.DataFrame:
    known = pl.col("seq").is_not_null()
    events = rows.filter(known).unique([*UNIT, "host", "seq"], keep="first", maintain_order=True)
    shown = pl.struct("host", "seq").filter(known).head(MOST_EVIDENCE)
    return (
        pl.concat([events, rows.filter(~known)])
        .group_by(UNIT, maintain_order=True)
        .agg(evidence=shown, count=pl.col("count").sum())
        .with_columns(evidence=pl.when(pl.col("evidence").list.len() > 0).then("evidence"))
    )


def _reasons(contributions: pl.DataFrame) -> pl.DataFrame:
    order = ["share", "feature"]
    return (
        contributions.sort(order, descending=[True, False], nulls_last=True)
        .group_by(UNIT, maintain_order=True)
        .agg(contributions=pl.struct("feature", "value", "usual", "share").head(MOST_CONTRIBUTIONS))
    )


def _named(findings: pl.DataFrame) -> pl.DataFrame:
    """Add ``finding_id`` and make titles readable; a loop over findings, never over events."""
    keys = findings.select(
        "source", "detector", "type", "container_id", "process_id", pl.col("slot").dt.epoch("ns")
    )
    ids = [finding_id(*row) for row in keys.iter_rows()]
    titles = [None if title is None else visible(title) for title in findings["title"]]
    return findings.with_columns(
        finding_id=pl.Series(ids, dtype=pl.String),
        title=pl.Series(titles, dtype=pl.String),
        count=pl.col("count").fill_null(0),
    )
