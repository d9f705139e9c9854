"""Our gate on 14 finding types: what passes, what does not, and that both are reported."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from rtml.errors import UsageError
from rtml.rules.chosen import Chosen
from rtml.rules.running.gate import passing, with_gated
from rtml.rules.running.run import run_all
from tests.rules.conftest import START, capture_of

TOOL = {"kind": "exec", "exe": "/usr/bin/nmap", "cmdline": "nmap 10.0.0.1", "process_id": 10}
SHADOW = {"kind": "open", "exe": "/bin/sh", "path": "/etc/sudoers", "wrote": True, "process_id": 20}
ESCAPE = {
    "kind": "open",
    "exe": "/bin/sh",
    "path": "/sys/fs/cgroup/x/release_agent",
    "wrote": True,
    "flags": "O_WRONLY",
}
TOOLS, SUDOERS = ("Execution:Runtime/SuspiciousTool", "PrivilegeEscalation:Runtime/SensitiveFileModified")


def at(minutes: float, row: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**row, "time": START + dt.timedelta(minutes=minutes), **more}


def types(rows: list[dict[str, Any]], gate: str) -> dict[str, int]:
    findings = run_all(capture_of(rows), Chosen(gate=gate)).findings()
    return dict(findings.group_by("type").agg(pl.col("count").sum()).rows())


def test_the_first_in_a_workload_passes_and_what_is_usual_does_not():
    rows = [at(0, TOOL), at(60, TOOL, container_id="c2"), at(61, TOOL, workload="other")]
    assert types(rows, "none")[TOOLS] == 3
    assert types(rows, "ours")[TOOLS] == 2


def test_numbers_in_a_name_do_not_make_it_new():
    name = {**TOOL, "kind": "exec"}
    rows = [at(60 * n, name, exe=f"/tmp/job-{n}", exe_written=START, cmdline="x") for n in range(3)]
    new = "Execution:Runtime/NewBinaryExecuted"
    assert types(rows, "none")[new] == 3
    assert types(rows, "ours")[new] == 1


def test_sensitive_files_pass_only_beside_another_hit():
    assert SUDOERS in types([at(0, SHADOW)], "none")
    assert SUDOERS not in types([at(0, SHADOW)], "ours")
    for minutes in (-4, 4):
        assert SUDOERS in types([at(10, SHADOW), at(10 + minutes, ESCAPE)], "ours")
    assert SUDOERS not in types([at(10, SHADOW), at(16, ESCAPE)], "ours")
    assert SUDOERS not in types([at(10, SHADOW), at(10, ESCAPE, container_id="c2")], "ours")


def test_below_high_only_the_same_tree_counts():
    medium = {"kind": "memfd", "exe": "/usr/bin/python3", "path": "memfd:x"}
    same, other = at(10, medium, process_id=20), at(10, medium, process_id=77)
    assert SUDOERS in types([at(10, SHADOW), same], "ours")
    assert SUDOERS not in types([at(10, SHADOW), other], "ours")


def test_what_is_usual_speaks_for_nothing():
    rows = [at(0, ESCAPE), at(60, ESCAPE), at(60, SHADOW)]
    assert SUDOERS not in types(rows, "ours")


def test_the_work_of_an_installer_does_not_pass_but_its_name_elsewhere_does():
    new = "Execution:Runtime/NewBinaryExecuted"
    written = {"kind": "open", "path": "/usr/local/bin/x", "wrote": True, "process_id": 5}
    ran = {"kind": "exec", "exe": "/usr/local/bin/x", "cmdline": "x", "process_id": 6}
    for writer, passes in (("/usr/bin/dpkg", False), ("/tmp/dpkg", True), ("/usr/bin/vi", True)):
        rows = [at(0, written, exe=writer), at(1, ran)]
        assert types(rows, "none")[new] == 1
        assert (new in types(rows, "ours")) is passes
    below = [
        at(0, {"kind": "exec", "exe": "/usr/bin/apt-get", "cmdline": "apt-get", "process_id": 5}),
        at(1, ran, parent_id=5, exe_written=START),
    ]
    assert new not in types(below, "ours")


def test_types_without_a_gate_pass_always():
    rows = [at(60 * n, ESCAPE) for n in range(3)]
    assert types(rows, "none") == types(rows, "ours")


def test_later_events_of_other_containers_change_nothing():
    rows = [at(0, TOOL), at(1, SHADOW)]
    more = [*rows, at(90, ESCAPE, container_id="c2"), at(2, ESCAPE, container_id="c3")]
    first, second = (run_all(capture_of(each), Chosen(gate="ours")).hits for each in (rows, more))
    assert first.equals(second.filter(pl.col("container_id") == "c1"))


@pytest.mark.parametrize("gate", ["none", "ours"])
def test_both_numbers_are_reported_whichever_is_chosen(gate: str):
    rows = [at(0, TOOL), at(60, TOOL, container_id="c2"), at(61, ESCAPE)]
    table = run_all(capture_of(rows), Chosen(gate=gate)).evaluation.table
    shown = table.filter(pl.col("hits") > 0).sort("type").select("type", "hits", "gated").rows()
    assert (TOOLS, 2, 1) in shown
    assert ("PrivilegeEscalation:Runtime/CGroupsReleaseAgentModified", 1, 1) in shown


def test_no_hits_and_nulls():
    ran = run_all(capture_of([]), Chosen())
    passes = passing(ran.hits, ran.rules, capture_of([]))
    assert passes.len() == 0
    assert with_gated(ran.evaluation.table, ran.hits, passes)["gated"].sum() == 0
    rows = [at(0, {**SHADOW, "workload": None, "process_id": None, "exe": None})]
    assert SUDOERS in types(rows, "none")
    assert SUDOERS not in types(rows, "ours")


def test_an_unknown_gate_is_wrong_use():
    with pytest.raises(UsageError, match="did you mean 'ours'"):
        run_all(capture_of([]), Chosen(gate="our"))
