"""The pictures of an incident: the life of its container, its minute among its peers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from rtml.analyst.desk import Desk
from rtml.errors import MissingError, UsageError, did_you_mean
from rtml.models import Scored
from rtml.notebook.peers import peers
from rtml.notebook.timeline import timeline
from rtml.peers import peer_groups
from rtml.schema import feature_columns
from rtml.showing.shown import Shown, sentence

__all__ = ["life_of", "peers_of"]

_ONLY_NOW = "Only what was scored now: a model that was loaded keeps no minutes of its own to compare with."


def life_of(desk: Desk, finding: Mapping[str, Any], every: str | None) -> Shown:
    """Draw what the container of a finding did over time, the findings of every side above."""
    container = finding["container_id"] or next(iter(finding["containers"] or []), None)
    if container is None:
        return sentence("No container is named by this finding: there is no timeline to draw.")
    if not desk.capture.containers()["container_id"].cast(pl.String).is_in([container]).any():
        return sentence(desk.elsewhere)
    events = desk.capture.events(["time", "kind", "count", "container_id"])
    ours = events.filter(pl.col("container_id").cast(pl.String) == container)
    about = (pl.col("container_id") == container) | pl.col("containers").list.contains(container).fill_null(
        False
    )
    return timeline(ours, desk.findings.filter(about), finding["finding_id"], every)


def peers_of(desk: Desk, findings: pl.DataFrame, feature: str | None) -> Shown:
    """Draw a feature of the minutes of a workload, and of the others now; the finding's minutes stand out."""
    scored = desk.scored
    if scored is None:
        raise UsageError("no model took part in this hunt, so nothing was compared with peers: give model=")
    if findings.is_empty():
        return sentence("Only rules found this: what a model sees in its minutes was not strange.")
    finding = findings.row(0, named=True)
    columns = feature_columns(scored.trees)
    if feature is not None and feature not in columns:
        raise MissingError(f"unknown feature {feature!r}; {did_you_mean(feature, columns)}")
    named = feature or _feature(finding, columns)
    minutes = _minutes(scored, finding).select("who", "window", "here", named)
    return peers(minutes, named, remark=_ONLY_NOW if scored.learnt is None else "")


def _feature(finding: Mapping[str, Any], columns: Sequence[str]) -> str:
    """Return the column that the first reason is about, or the excess of its family."""
    for reason in finding["contributions"] or []:
        if reason["feature"] in columns:
            return str(reason["feature"])
        beyond = f"{reason['feature'].partition('.')[0]}.bits_beyond"
        if beyond in columns:
            return beyond
    return next(name for name in columns if name.endswith(".bits_beyond"))


def _minutes(scored: Scored, finding: Mapping[str, Any]) -> pl.DataFrame:
    """Return process trees a minute: of the workload while it was learnt, and of all now."""
    parts = [scored.trees.with_columns(part=pl.lit("now"))]
    if scored.learnt is not None:
        parts.insert(0, scored.learnt)
    rows = pl.concat(parts, how="diagonal_relaxed")
    rows = rows.with_columns(_peers=pl.Series(peer_groups(rows), dtype=pl.String))
    container = pl.lit(finding["container_id"], pl.String)
    here = pl.col("container_id").eq_missing(container) & pl.col("process_id").eq_missing(
        pl.lit(finding["process_id"], pl.Int64)
    )
    marked = rows.with_columns(here=here & pl.col("part").eq("now"))
    group = marked.filter("here")["_peers"].first()
    ours = pl.col("_peers").eq_missing(pl.lit(group, pl.String))
    when = pl.when(part="now").then(pl.lit("now")).otherwise(pl.col("part").replace({"train": "learnt"}))
    order = pl.col("part").replace({"train": "0", "calibrate": "1", "now": "2"})
    return (
        marked.filter(ours | pl.col("part").eq("now"))
        .with_columns(who=pl.format("{} {}", "_peers", when))
        .sort(~ours, order, "who", "window")
    )
