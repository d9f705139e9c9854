"""What goes on the report page beside the ledger: attacks with their trees and timelines, causes, facts."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from rtml.captures import Capture
from rtml.costs import Costs
from rtml.evaluation import Ledger, Side, Track
from rtml.evaluation.causes import causes, key_of
from rtml.evaluation.matching import Matched
from rtml.evaluation.timeline import Timeline, make_timeline
from rtml.experiment.stories import stories
from rtml.report.input import Cost, ReportInput
from rtml.report.lost import Lost, lost_sentence
from rtml.report.pitfalls import LABELS_CLOSED, NO_FORESIGHT, SCORED_TWICE
from rtml.rules import Skipped
from rtml.schema import empty
from rtml.times import UTC_NS

__all__ = ["Made", "false_causes", "page", "top_findings"]

_SHOWN = 15
_MOST_TIMELINES = 12
_CAUSES = pl.Schema(
    {
        "side": pl.String(),
        "kind": pl.String(),
        "cause": pl.Int64(),
        "key": pl.String(),
        "findings": pl.Int64(),
        "containers": pl.Int64(),
        "workloads": pl.List(pl.String()),
        "when": UTC_NS,
    }
)
Judged = Sequence[tuple[Side, pl.DataFrame, Matched]]
"""Each side with its findings of test time, and what they hit."""


@dataclass(frozen=True)
class Made:
    """What a run knows of itself: looks at its labels, whether it made the models, what its steps cost.

    ``labels_closed``: whether it watched that nothing read the labels meanwhile; null: it made no model.
    ``no_foresight``: whether it cut the test short and no feature of earlier windows changed.
    """

    looks: str
    labels_closed: bool | None = None
    no_foresight: bool = False
    costs: Costs = field(default_factory=dict)

    def checked(self) -> list[str]:
        """Return the checks that were made: whoever makes models scores twice (`rtml.models.twice`).

        Examples
        --------
        >>> Made("").checked(), Made("", labels_closed=True).checked()
        ([], ['scored twice', 'labels closed'])
        """
        if self.labels_closed is None:
            return []
        watched = {LABELS_CLOSED: self.labels_closed, NO_FORESIGHT: self.no_foresight}
        return [SCORED_TWICE, *(name for name, held in watched.items() if held)]


def page(
    title: str,
    capture: Capture,
    ledger: Ledger,
    track: Track,
    sides: Sequence[Side],
    skipped: Sequence[Skipped],
    run: str | None,
    made: Made | None = None,
) -> ReportInput:
    """Gather everything on the page from what the experiment has made.

    Parameters
    ----------
    made
        What only the run that made the models knows; null: nothing is known.
    """
    manifest = capture.manifest
    judged = [(side, *track.judged(side.findings)) for side in sides]
    lost = [Lost(part.host, part.start, part.end, part.count) for part in manifest.lost_intervals]
    seconds = (capture.span[1] - capture.span[0]).total_seconds() if lost else 0.0
    return ReportInput(
        title=title,
        ledger=ledger,
        capture=capture.facts(),
        timelines=_timelines(capture, sides, track),
        stories=stories(judged, track, ledger),
        findings=top_findings(sides, track),
        causes=false_causes(judged),
        lost=lost_sentence(lost, seconds),
        rejected=sorted(manifest.reject_reasons.items()),
        blind=manifest.blind,
        skipped_rules=[(rule.file, rule.reason) for rule in skipped],
        looks="" if made is None else made.looks,
        checked=[] if made is None else made.checked(),
        costs=_costs({} if made is None else made.costs),
        lab=bool(track.labels["provenance"].is_in(["replay", "spliced"]).any()),
        run=run,
    )


def top_findings(sides: Sequence[Side], track: Track) -> pl.DataFrame:
    """Return the most severe model findings of test time, then rules', one per container and root."""
    models = [track.judged(s.findings)[0] for s in sides if s.kind == "model"]
    rules = [track.judged(s.findings)[0] for s in sides if s.kind == "rules"][:1]
    rank = pl.col("contributions").list.len()
    order = ["severity", "score", "finding_id"]
    picked = [
        pl.concat(side)
        .sort(order, descending=[True, True, False], nulls_last=True)
        .with_columns(reasons=rank)
        .unique(["container_id", "process_id"], keep="first", maintain_order=True)
        .head(_SHOWN)
        .drop("reasons")
        for side in (models, rules)
        if side
    ]
    return pl.concat(picked) if picked else pl.DataFrame(schema=track.labels.schema).clear()


def false_causes(judged: Judged) -> pl.DataFrame:
    """Return one row per side and cause of its false findings, the greatest first.

    ``key``: what the first of them is about; ``when`` it began.
    """
    frames = [empty(_CAUSES)]
    for side, findings, matched in judged:
        rows = matched.claims.filter(pl.col("outcome") == "false")["finding"].unique()
        false = findings.with_row_index("finding").filter(pl.col("finding").is_in(rows.implode()))
        told = false.with_columns(
            causes(false.drop("finding")), key_of("title"), box=pl.coalesce("workload", "container_name")
        ).sort("first_seen", "finding")
        grouped = told.group_by("cause").agg(
            key=pl.coalesce("key", "type").first(),
            findings=pl.len(),
            containers=pl.col("container_id").n_unique(),
            workloads=pl.col("box").drop_nulls().unique().sort().head(5),
            when=pl.col("first_seen").first(),
        )
        named = grouped.with_columns(side=pl.lit(side.name), kind=pl.lit(side.kind))
        ordered = named.sort("findings", "when", "cause", descending=[True, False, False])
        frames.append(ordered.select(pl.col(name).cast(kind) for name, kind in _CAUSES.items()))
    return pl.concat(frames)


def _timelines(capture: Capture, sides: Sequence[Side], track: Track) -> Mapping[str, Timeline]:
    """Return the timelines of attacked containers, the most attacked first; events are read once for all."""
    seen = track.windows["container_id"].unique()
    attacked = track.labels.filter(pl.col("container_id").is_in(seen.implode()))
    counted = attacked.group_by("container_id").len().sort("len", "container_id", descending=[True, False])
    wanted = counted["container_id"].head(_MOST_TIMELINES).to_list()
    if not wanted:
        return {}
    second = pl.col("time").dt.truncate("1s")
    events = (
        capture.events(["time", "kind", "container_id", "count"])
        .with_columns(pl.col("container_id").cast(pl.String), pl.col("kind").cast(pl.String))
        .filter(pl.col("container_id").is_in(wanted))
        .group_by("container_id", second, "kind")
        .agg(count=pl.col("count").fill_null(1).sum())
        .collect(engine="streaming")
    )
    names = capture.containers().filter(pl.col("container_id").is_in(wanted))
    called = {
        row["container_id"]: row["container_name"] or row["workload"]
        for row in names.select("container_id", "container_name", "workload").iter_rows(named=True)
    }
    return {name: make_timeline(name, events, sides, track, called.get(name)) for name in wanted}


def _costs(steps: Costs) -> list[Cost]:
    """Return the cost of the outermost steps, and of all that this process did so far."""
    rows = [
        Cost(" ".join(names), cost.cpu_seconds, cost.peak_bytes / 1e6 or None)
        for names, cost in steps.items()
        if len(names) == 1
    ]
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    return [*rows, Cost("this process, until this page", time.process_time(), peak)]
