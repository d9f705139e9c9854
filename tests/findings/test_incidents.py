"""Findings that are one story are one incident, gravest first; guesses are marked as such."""

from __future__ import annotations

import datetime as dt

import polars as pl
from typer.testing import CliRunner

from rtml.cli import app
from rtml.findings.guessing import with_guess
from rtml.findings.incidents import INCIDENTS, incidents, planted
from rtml.schema import FINDINGS, POLARS, conform
from rtml.times import UTC_NS


def findings(*rows: dict[str, object]) -> pl.DataFrame:
    base = {"container_id": "c1", "detector": "combined", "severity": 5.0, "title": "t", "source": "model"}
    named = [{"finding_id": f"f{number}", **base, **row} for number, row in enumerate(rows)]
    return conform(pl.DataFrame(named, infer_schema_length=None), FINDINGS)


def stories(table: pl.DataFrame) -> list[list[str]]:
    return sorted(table["finding_ids"].to_list())


def test_detectors_and_rules_on_one_tree_are_one_incident():
    table = incidents(findings({"process_id": 1}, {"process_id": 1, "detector": "rules"}, {"process_id": 2}))
    assert stories(table) == [["f0", "f1"], ["f2"]]
    assert table.schema == INCIDENTS and table["severity"].to_list() == [5.1, 5.0]


def test_one_event_in_two_findings_joins_them_and_a_container_alone_does_not():
    event = [{"host": "h", "seq": 9}]
    rows = findings({"evidence": event}, {"evidence": event, "container_id": "c2"}, {"container_id": "c1"})
    assert stories(incidents(rows)) == [["f0", "f1"], ["f2"]]


def test_a_planted_program_that_another_tree_runs_later_is_the_same_incident():
    events = conform(
        pl.DataFrame(
            {
                "time": pl.Series([1, 2, 3]).cast(UTC_NS),
                "seq": [1, 2, 3],
                "kind": ["write", "exec", "exec"],
                "host": ["h"] * 3,
                "container_id": ["c1"] * 3,
                "process_id": [10, 20, 30],
                "path": ["/tmp/x", None, None],
                "exe": [None, "/tmp/x", "/bin/ls"],
            }
        ),
        POLARS,
    )
    processes = pl.DataFrame({"host": ["h"] * 3, "process_id": [10, 20, 30], "root_id": [1, 2, 3]})
    links = planted(events.lazy(), processes.lazy())
    assert links.rows() == [("c1", 1, 2)]
    rows = findings({"process_id": 1}, {"process_id": 2}, {"process_id": 3})
    assert stories(incidents(rows, links)) == [["f0", "f1"], ["f2"]]
    assert stories(incidents(rows)) == [["f0"], ["f1"], ["f2"]]


def test_every_finding_is_in_one_incident_whatever_the_order():
    rows = findings(*({"process_id": number % 3, "container_id": f"c{number % 2}"} for number in range(12)))
    table = incidents(rows)
    assert sorted(name for names in table["finding_ids"] for name in names) == sorted(rows["finding_id"])
    assert incidents(rows.reverse()).equals(table)
    assert incidents(rows.clear()).schema == INCIDENTS


def test_a_rule_says_its_technique_and_a_model_guesses():
    reason = {"feature": "calls.request: ptrace PTRACE_ATTACH given web: gdb", "value": 9.0, "share": 1.0}
    rows = findings({"contributions": [reason]}, {"contributions": [reason], "techniques": ["T1055"]})
    assert with_guess(rows)["guess"].to_list() == ["T1055.008", None]


def test_show_prints_incidents_and_escapes_what_captures_say(tmp_path):
    seen = {"first_seen": dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "title": "[red]x\x1b[2J", "severity": 8.0}
    findings({**seen, "last_seen": seen["first_seen"]}).write_parquet(tmp_path / "f.parquet")
    done = CliRunner().invoke(app, ["findings", "show", str(tmp_path / "f.parquet")])
    assert done.exit_code == 0 and "1 incidents" in done.output and "8.0" in done.output
    assert "\x1b" not in done.output and "[red]" in done.output
