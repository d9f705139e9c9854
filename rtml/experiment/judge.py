"""Judge findings that were made elsewhere: by `rtml score`, `rtml rules`, or another tool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from rtml import features
from rtml.captures import open_captures
from rtml.errors import UsageError
from rtml.evaluation import Ledger, Side, build_ledger, in_capture, make_track, read_labels
from rtml.evaluation.evidence import evidence_processes
from rtml.evaluation.sides import rule_scores
from rtml.experiment.report_input import page
from rtml.findings.reading import read_findings
from rtml.report import write_ledger, write_report
from rtml.rules import FirstSeen
from rtml.times import Window, instant, moment

__all__ = ["judge", "read_findings"]

_KINDS = {FirstSeen.name: "rival"}


def judge(
    captures: Sequence[str],
    label_file: Path,
    finding_files: Sequence[Path],
    out: Path,
    every: str = "60s",
    since: str | None = None,
    budget: float = 1.0,
) -> tuple[Ledger, Path]:
    """Set findings against labels on one track; write ledger and report into ``out``.

    Every (source, detector) of the findings is one side. Nothing here proves that a side never saw
    the test time, and the ledger says so.
    """
    capture = open_captures(captures)
    known = capture.containers()["container_id"].to_list()
    labels, warnings = in_capture(read_labels(label_file), known)
    begin, length = None if since is None else moment(since), Window.of(every)
    windows = features.observed(capture, length, start=begin)
    sides = list(_sides(finding_files, windows, length))
    if begin is not None:
        labels = labels.filter(pl.col("end") >= instant(begin))
    track = make_track(
        windows,
        labels,
        capture.processes().collect(),
        evidence_processes((side.findings for side in sides), capture.events()),
        every=length,
    )
    ledger = build_ledger(sides, track, None, _features(finding_files), budget, notes=warnings)
    out.mkdir(parents=True, exist_ok=True)
    write_ledger(ledger, out)
    title = " + ".join(side.name for side in sides)
    source = page(title, capture, ledger, track, sides, [], None)
    return ledger, write_report(source, out / "report.html")


def _sides(paths: Sequence[Path], windows: pl.DataFrame, every: Window) -> Iterator[Side]:
    if not paths:
        raise UsageError("no findings: give --findings FILE (repeatable)")
    for path in paths:
        findings, scores = read_findings(path), _beside(path, "scores.parquet")
        named = findings.partition_by("source", "detector", as_dict=True, maintain_order=True)
        stem = f"{path.stem}: " if len(paths) > 1 else ""
        for (source, detector), rows in sorted(named.items(), key=lambda item: str(item[0])):
            kind = _KINDS.get(str(detector), "rules" if source == "rule" else "model")
            own = _scores_of(scores, str(detector))
            if own is None and source == "rule":
                own = rule_scores(rows, windows, every)
            yield Side(f"{stem}{detector}".replace("_", " "), kind, rows, own)
        if not named:
            yield Side(f"{path.stem} (no findings)", "model", findings)


def _beside(path: Path, name: str) -> pl.DataFrame | None:
    near = path.parent / name
    return pl.read_parquet(near) if near.is_file() else None


def _scores_of(scores: pl.DataFrame | None, detector: str) -> pl.DataFrame | None:
    if scores is None:
        return None
    own = scores.filter(pl.col("detector") == detector)
    return own.select("container_id", "window", score="margin") if own.height else None


def _features(paths: Sequence[Path]) -> pl.DataFrame | None:
    found = [table for path in paths if (table := _beside(path, "windows.parquet")) is not None]
    return found[0] if found else None
