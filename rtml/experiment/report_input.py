"""What goes on the report page beside the ledger: timeline, process tree, top findings, facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from rtml.captures import Capture
from rtml.evaluation import Ledger, Side, Track
from rtml.evaluation.timeline import Timeline, make_timeline, most_attacked
from rtml.findings import process_tree
from rtml.report.input import ReportInput, TreeRow
from rtml.rules import Skipped

__all__ = ["page", "top_findings"]

_SHOWN = 15


def page(
    title: str,
    capture: Capture,
    ledger: Ledger,
    track: Track,
    sides: Sequence[Side],
    skipped: Sequence[Skipped],
    run: str | None,
) -> ReportInput:
    """Gather everything on the page from what the experiment has made."""
    manifest = capture.manifest
    top = top_findings(sides, track)
    return ReportInput(
        title=title,
        ledger=ledger,
        capture=capture.facts(),
        timeline=_timeline(capture, sides, track),
        tree=_tree(capture, top, track),
        tree_title=top["title"][0] if top.height else "",
        findings=top,
        lost=[(x.host, f"{x.start} … {x.end}", x.count) for x in manifest.lost_intervals],
        rejected=sorted(manifest.reject_reasons.items()),
        blind=manifest.blind,
        skipped_rules=[(rule.file, rule.reason) for rule in skipped],
        lab=bool(track.labels["provenance"].is_in(["replay", "spliced"]).any()),
        run=run,
    )


def top_findings(sides: Sequence[Side], track: Track) -> pl.DataFrame:
    """Return the most severe model findings of test time, then rules', one per container and root."""
    models = [track.in_test(s.findings) for s in sides if s.kind == "model"]
    rules = [track.in_test(s.findings) for s in sides if s.kind == "rules"][:1]
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


def _timeline(capture: Capture, sides: Sequence[Side], track: Track) -> Timeline | None:
    container = most_attacked(track)
    if container is None:
        return None
    rows = capture.containers().filter(pl.col("container_id") == container)
    names = [n for n in rows.select("container_name", "workload").row(0) if n] if rows.height else []
    events = capture.events(["time", "kind", "container_id", "count"]).filter(
        pl.col("container_id") == container
    )
    return make_timeline(container, events, sides, track, names[0] if names else None)


def _tree(capture: Capture, findings: pl.DataFrame, track: Track) -> list[TreeRow]:
    """Return the tree of the first finding that knows its process."""
    finding = findings.filter(pl.col("process_id").is_not_null()).head(1)
    if finding.is_empty():
        return []
    processes = capture.processes().collect()
    evidence = {item["seq"] for item in finding["evidence"][0]}
    evidence_processes = set(
        capture.events(["seq", "process_id"])
        .filter(pl.col("seq").is_in(sorted(evidence)))
        .collect()["process_id"]
    )
    attacks = set(track.labels["process_id"].drop_nulls())
    tree = process_tree(processes, finding["process_id"][0])
    return list(_rows(tree, 0, evidence_processes, attacks)) if tree else []


def _rows(
    node: dict[str, Any],
    depth: int,
    evidence_processes: set[int],
    attacks: set[int],
    inherited: dict[str, Any] | None = None,
) -> Iterator[TreeRow]:
    """One row per process image, in preorder; an exec in place is one deeper.

    A fork that goes on to exec is shown as what it became: its first image is the parent's.
    """
    marks = (node["process_id"] in evidence_processes, node["process_id"] in attacks)
    mark = {(True, True): "both", (True, False): "evidence", (False, True): "attack"}.get(marks)
    images = node["images"]
    forked = (
        len(images) > 1
        and inherited is not None
        and all(images[0][name] == inherited[name] for name in ("exe", "cmdline"))
    )
    shown = images[1:] if forked else images
    for number, image in enumerate(shown):
        yield TreeRow(
            depth + number,
            image["exe"] or f"[{image['comm']}]",
            image["cmdline"],
            node["pid"],
            f"{node['since']:%H:%M:%S}",
            mark if number == 0 else None,
        )
    deeper = depth + max(len(shown), 1)
    for child in node["children"]:
        yield from _rows(child, deeper, evidence_processes, attacks, images[-1] if images else None)
    if node["left_out"]:
        yield TreeRow(deeper, f"… {node['left_out']} more", None)
