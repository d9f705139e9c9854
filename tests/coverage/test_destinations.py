"""Captures of flows say that only destinations are judged, and what their containers are."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from rtml.captures import import_capture, open_capture
from rtml.cli import app
from rtml.coverage import coverage_of
from rtml.coverage.destinations import destinations_only
from tests.samples import DATA

INSTEAD = {
    "vpc-flow/flows.log": "network interfaces",
    "hubble/export.jsonl": "pods",
    "zeek/conn.log": "addresses",
}


@pytest.mark.parametrize("name", INSTEAD)
def test_flows_say_what_stands_in_the_place_of_containers(name: str, tmp_path: Path):
    import_capture(name.partition("/")[0], [DATA / name], tmp_path / "c")
    capture = open_capture(tmp_path / "c")
    said = destinations_only(capture)
    assert said is not None and f"{INSTEAD[name]} stand in the place of containers" in said
    assert said in coverage_of(capture).amiss


def test_network_of_ocsf_without_processes_says_so(tmp_path: Path):
    lines = (DATA / "ocsf/events.jsonl").read_text().splitlines()
    flows = [line for line in lines if '"class_uid":4001' in line and '"pid"' not in line]
    assert flows
    (tmp_path / "flows.jsonl").write_text("\n".join(flows))
    import_capture("ocsf", [tmp_path / "flows.jsonl"], tmp_path / "c")
    assert "destination features only" in (destinations_only(open_capture(tmp_path / "c")) or "")


def test_what_names_processes_says_nothing(tmp_path: Path):
    import_capture("falco", [DATA / "falco/events.jsonl"], tmp_path / "c")
    assert destinations_only(open_capture(tmp_path / "c")) is None


def test_windows_of_ten_minutes_have_no_pace_and_the_rules_say_what_is_judged(tmp_path: Path):
    import_capture("vpc-flow", [DATA / "vpc-flow/flows.log"], tmp_path / "c")
    families = {row["family"]: row for row in coverage_of(open_capture(tmp_path / "c")).families.to_dicts()}
    assert families["beacon"]["supported"] == "no"
    assert "window of up to ten minutes" in families["beacon"]["why_not"]
    done = CliRunner().invoke(app, ["rules", str(tmp_path / "c")])
    assert done.exit_code == 0 and "destination features only" in " ".join(done.output.split())
