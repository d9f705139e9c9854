"""What findings show of processes is the same whether all are read or only those that they need."""

from __future__ import annotations

import polars as pl
import pytest

from rtml.captures import open_capture
from rtml.findings.context import with_context
from rtml.schema import FINDINGS, conform
from rtml.watching.evidence import Evidence, _images
from tests.soak.folders import FOLDERS


@pytest.mark.parametrize("every", [1, 7, 40])
def test_processes_that_were_put_away_are_found_for_the_findings_that_need_them(every: int):
    whole = FOLDERS["archive"].whole
    assert whole is not None
    capture = open_capture(whole())
    events = capture.events().collect().sort("time", "seq")
    shown = events.tail(events.height // 4).gather_every(every) if every < 40 else events.gather_every(every)
    named = shown.with_columns(pl.col("host").cast(pl.String))
    rows = named.select(
        finding_id=pl.format("f{}", "seq"),
        host="host",
        process_id="process_id",
        last_seen="time",
        evidence=pl.concat_list(pl.struct("host", "seq")),
    )
    findings = conform(rows, FINDINGS)
    ours = Evidence(events=shown).shown(findings, capture)
    theirs = with_context(findings, shown.lazy(), capture.processes(), capture.audit())
    assert ours.equals(theirs)
    assert ours["parents"].list.len().max() > 1  # type: ignore[operator]
    needed = _images(findings, shown, capture)
    assert every != 7 or needed.height < capture.processes().collect().height
