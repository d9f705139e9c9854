"""Evaluation over a capture: hits, lineage, the account of every rule, findings and scores."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from dataclasses import replace

import polars as pl
from polars.testing import assert_frame_equal

from rtml.rules import evaluate, findings_of, rule_scores, run_rules
from rtml.rules.account import with_root
from rtml.rules.language.columns import MEANT, WHERE
from tests.rules.conftest import START, RowCapture, capture_of
from tests.rules.sigma_text import rule

SHELL = rule({"Image|endswith": "/sh"}, id="a" * 8 + "-0000-0000-0000-000000000001")
CURL = rule({"Image|endswith": "/curl"}, level="low", id="a" * 8 + "-0000-0000-0000-000000000002")
UNDER = rule(
    {"ParentImage|endswith": "/sh", "ParentCommandLine|contains": "-c", "AncestorImage|endswith": "/nginx"},
    id="a" * 8 + "-0000-0000-0000-000000000003",
    level="critical",
)
TREE = [
    {"kind": "accept", "process_id": 1, "parent_id": None, "comm": "nginx"},
    {"kind": "fork", "process_id": 1, "parent_id": None, "comm": "nginx"},
    {"kind": "exec", "process_id": 2, "parent_id": 1, "exe": "/bin/sh", "cmdline": "sh -c curl x"},
    {"kind": "exec", "process_id": 3, "parent_id": 2, "exe": "/usr/bin/curl", "cmdline": "curl x"},
    {"kind": "exec", "process_id": 9, "parent_id": None, "exe": "/usr/bin/curl", "cmdline": "curl"},
]


def titles(hits: pl.DataFrame) -> list[tuple[int, str]]:
    return list(hits.select("seq", pl.col("rule").str.slice(-1)).iter_rows())


def test_hits_name_event_rule_and_lineage_root():
    result = evaluate(capture_of(TREE), [SHELL, CURL, UNDER])
    assert titles(result.hits) == [(2, "1"), (3, "2"), (3, "3"), (4, "2")]
    assert result.hits["root_id"].to_list() == [2, 2, 2, 9]
    assert result.table.select("hits", "containers", "events", "could_match").rows() == [
        (2, 1, 3, True),
        (1, 1, 3, True),
        (1, 1, 3, True),
    ]


def test_infrastructure_and_host_processes_are_left_out():
    rows = [{"kind": "exec", "exe": "/bin/sh", "container_id": name} for name in ("c1", "infra", None)]
    result = evaluate(capture_of(rows), [SHELL])
    assert result.hits["container_id"].to_list() == ["c1"]
    assert result.table["events"].to_list() == [1]


def test_aggregated_events_count_as_often_as_they_happened():
    result = evaluate(capture_of([{"kind": "exec", "exe": "/bin/sh", "count": 7}]), [SHELL])
    assert result.table.select("events", "hits").row(0) == (7, 7)


def test_could_not_match_is_not_found_nothing():
    cwd = rule({"CurrentDirectory": "/x"}, id="b" * 8 + "-0000-0000-0000-000000000001")
    either = rule([{"CurrentDirectory": "/x"}, {"Image": "y"}], id="b" * 8 + "-0000-0000-0000-000000000002")
    dns = rule({"QueryName": "x"}, "dns_query", id="b" * 8 + "-0000-0000-0000-000000000003")
    mount = rule({"MountPoint": "x"}, "mount", id="b" * 8 + "-0000-0000-0000-000000000004")
    capture = capture_of([{"kind": "exec", "exe": "/bin/ls"}], blind=["dns"])
    table = evaluate(capture, [cwd, either, dns, mount]).table.sort("rule")
    assert table.select("could_match", "why_not").rows() == [
        (False, "always null here: cwd"),
        (True, None),
        (False, "the sensor cannot see dns events"),
        (False, "the capture has no mount events"),
    ]


def test_a_sensor_is_blind_to_a_rule_only_if_it_can_see_none_of_its_kinds():
    opens = rule({"TargetFilename": "/x"}, "file_event", id="c" * 8 + "-0000-0000-0000-000000000001")
    assert len(opens.kinds) > 1
    exec_only = [{"kind": "exec", "exe": "/bin/ls"}]
    for blind, reason in ((opens.kinds[:1], "the capture has no"), (opens.kinds, "the sensor cannot see")):
        table = evaluate(capture_of(exec_only, blind=blind), [opens]).table
        assert table["why_not"].item() == f"{reason} {', '.join(opens.kinds)} events"


def with_kinds(capture: RowCapture) -> RowCapture:
    kinds = Counter(row["kind"] for row in capture.rows)
    return replace(capture, manifest=capture.manifest.model_copy(update={"kinds": dict(kinds)}))


def test_what_is_missing_is_told_be_it_a_container_or_a_write():
    writes = rule({"TargetFilename": "/x"}, "file_event", id="c" * 8 + "-0000-0000-0000-000000000001")
    reads = [{"kind": "open", "path": "/x", "wrote": False}]
    of_host = evaluate(with_kinds(capture_of([{**reads[0], "container_id": None}])), [writes]).table
    assert of_host["why_not"].item().startswith("no open event is of a container")
    whole = evaluate(with_kinds(capture_of(reads)), [writes]).table
    assert whole.select("could_match", "why_not").row(0) == (False, "no open event of a container is a write")


def test_every_choice_of_events_says_what_was_not_there():
    assert {*MEANT} == {*WHERE} - {""}


def test_a_process_that_the_table_does_not_know_is_its_own_root():
    capture = capture_of([{"kind": "exec", "exe": "/bin/sh", "process_id": 5}])
    unknown = capture_of([]).processes().collect()
    assert unknown.is_empty()
    known = evaluate(capture, [SHELL]).hits
    hits = with_root(known.with_columns(root_id=None), capture_of([]))
    assert hits["root_id"].to_list() == known["process_id"].to_list() == [5]


def test_order_of_events_changes_nothing_and_more_events_change_no_finding():
    first = capture_of(TREE)
    shuffled = list(first.rows)
    random.Random(7).shuffle(shuffled)
    more = [*shuffled, {**first.rows[2], "seq": 99, "container_id": "c2", "process_id": 77}]
    rules = [SHELL, CURL, UNDER]
    want = findings_of(evaluate(first, rules).hits, rules)
    again = findings_of(evaluate(type(first)("r", first.manifest, shuffled), rules).hits, rules)
    assert_frame_equal(want, again)
    added = findings_of(evaluate(type(first)("r", first.manifest, more), rules).hits, rules)
    assert_frame_equal(want, added.filter(pl.col("container_id") == "c1"))


def test_findings_per_type_container_slot_and_root():
    rules = [SHELL, CURL, UNDER]
    findings = findings_of(evaluate(capture_of(TREE), rules).hits, rules)
    assert findings.select("process_id", "count", "severity", "score").rows() == [
        (2, 2, 9.0, 1.0),
        (9, 1, 2.0, 0.2),
    ]
    first = findings.row(0, named=True)
    assert first["title"] == "A rule (rule by Someone)"
    assert first["techniques"] == ["T1059.004"]
    assert first["workload"] == "web"
    assert first["evidence"] == [{"host": "h", "seq": 3}, {"host": "h", "seq": 2}]
    assert abs(sum(part["share"] for part in first["contributions"]) - 1) < 1e-9
    assert all("by Someone" in part["feature"] for part in first["contributions"])


def test_evidence_is_capped_and_the_count_is_not():
    rows = [{"kind": "exec", "exe": "/bin/sh", "time": START} for _ in range(120)]
    (finding,) = findings_of(evaluate(capture_of(rows), [SHELL]).hits, [SHELL]).to_dicts()
    assert (finding["count"], len(finding["evidence"])) == (120, 50)


def test_scores_rank_by_level_then_by_rules():
    windows = pl.DataFrame(
        {"container_id": ["c1", "c1", "nobody"], "window": [START, START + dt.timedelta(minutes=1), START]}
    ).cast({"window": pl.Datetime("ns", "UTC")})
    rules = [SHELL, CURL, UNDER]
    scores = rule_scores(evaluate(capture_of(TREE), rules).hits, rules, windows)
    assert scores["score"].to_list() == [1.003, 0.0, 0.0]


def test_empty_capture_and_no_rules():
    ran = run_rules(capture_of([]))
    assert ran.findings().is_empty()
    assert ran.skipped == []
    assert not ran.evaluation.table["could_match"].any()
    assert evaluate(capture_of(TREE), []).hits.is_empty()


def test_run_rules_on_the_shipped_capture(lab):
    ran = run_rules(lab)
    findings, table = ran.findings(), ran.evaluation.table
    assert ran.skipped == []
    assert table.height >= 20
    assert table.filter(pl.col("hits") > 0)["could_match"].all(), "what matched could match"
    assert findings["finding_id"].is_unique().all()
    assert findings.select(pl.col("source").unique()).item() == "rule"
