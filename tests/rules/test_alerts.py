"""Alerts of other engines become findings; what is no alert is counted with its reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rtml.errors import UsageError
from rtml.findings.importing import read_alerts
from rtml.schema import FINDINGS

TETRAGON = Path(__file__).parents[3] / "shared/data/tetragon"
FALCO = {
    "hostname": "n1",
    "priority": "Notice",
    "rule": "Terminal shell in container",
    "source": "syscall",
    "tags": ["container", "mitre_execution", "T1059"],
    "time": "2026-01-01T10:00:01.123456789Z",
    "output": "...",
    "output_fields": {
        "container.id": "c1",
        "container.name": "web",
        "k8s.ns.name": "shop",
        "container.image.repository": "nginx",
        "container.image.tag": "1.27",
    },
}
TRACEE = {
    "timestamp": 1767261601000000000,
    "hostName": "n1",
    "eventName": "anti_debugging",
    "container": {"id": "c2", "name": "app", "image": "app:1"},
    "containerId": "c2",
    "kubernetes": {"podName": "p", "podNamespace": "shop"},
    "metadata": {"Properties": {"Severity": 3, "Category": "defense-evasion", "external_id": "T1622"}},
}
TRACEE_NEW = {
    "timestamp": "2026-01-01T10:00:01Z",
    "name": "fileless_execution",
    "workload": {
        "container": {"id": "c3", "image": {"name": "job:1"}},
        "pod": {"name": "p", "namespace": {"name": "shop"}},
    },
    "threat": {
        "severity": "CRITICAL",
        "mitre": {"tactic": {"name": "Defense Evasion"}, "technique": {"id": "T1620"}},
    },
}


def read(tmp_path: Path, sensor: str, *alerts: object):
    file = tmp_path / "alerts.jsonl"
    file.write_text("\n".join(a if isinstance(a, str) else json.dumps(a) for a in alerts))
    return read_alerts(file, sensor)


def test_falco(tmp_path):
    found = read(tmp_path, "falco", FALCO, FALCO)
    (one,) = found.findings.to_dicts()
    assert found.findings.schema == FINDINGS
    assert (found.alerts, found.rejected) == (2, {})
    assert one["title"] == "Terminal shell in container"
    assert (one["detector"], one["source"], one["severity"]) == ("falco", "rule", 2.0)
    assert (one["container_id"], one["image"], one["host"]) == ("c1", "nginx:1.27", "n1")
    assert one["techniques"] == ["T1059"]
    assert one["type"] == "Execution:Runtime/ImportedAlert"


def test_tracee_of_both_generations(tmp_path):
    found = read(tmp_path, "tracee", TRACEE, TRACEE_NEW, {"eventName": "execve"})
    assert found.findings["severity"].to_list() == [8.0, 9.0] or found.alerts == 2
    assert found.rejected == {"an event without a threat": 1}
    assert set(found.findings["container_id"]) == {"c2", "c3"}
    assert set(found.findings["namespace"]) == {"shop"}
    assert found.findings["type"].unique().to_list() == ["DefenseEvasion:Runtime/ImportedAlert"]


def test_rejects_are_counted_with_reasons(tmp_path):
    host = {**FALCO, "output_fields": {"container.id": "host"}}
    found = read(
        tmp_path,
        "falco",
        "[]",
        "{broken",
        FALCO,
        host,
        {**FALCO, "time": "soon"},
        {**FALCO, "rule": None},
        {**FALCO, "output_fields": 3},
    )
    assert found.alerts == 1
    assert found.rejects["line"].to_list() == [1, 2, 4, 5, 6, 7]
    assert found.rejects["text"][1] == "{broken"
    assert found.rejected == {
        "cut off: the object does not end": 1,
        "not a JSON object": 1,
        "of the host, not of a container": 1,
        "names no container": 1,
        "no time that can be read": 1,
        "names no rule": 1,
    }


def test_a_finding_counts_its_alerts(tmp_path):
    later = {**FALCO, "time": "2026-11-24T03:20:00Z"}
    found = read(tmp_path, "falco", *[FALCO] * 3, later).findings
    assert found.height == 2 and sorted(found["count"]) == [1, 3]
    assert found["evidence"].to_list() == [None, None]


@pytest.mark.parametrize("absent", ["<NA>", "N/A", "incomplete", "", "  ", None])
def test_what_an_engine_does_not_know_is_absent(tmp_path, absent):
    names = ("container.name", "k8s.pod.name", "k8s.ns.name", "container.image.repository")
    vague = {"container.id": "c9", **dict.fromkeys(names, absent), "container.image.tag": absent}
    lost = {**vague, "container.id": absent}
    found = read(tmp_path, "falco", *({**FALCO, "output_fields": fields} for fields in (vague, lost)))
    (finding,) = found.findings.to_dicts()
    where = ("container_name", "pod", "namespace", "image")
    assert [finding[name] for name in where] == [None] * 4
    assert found.rejected == {"names no container": 1}


@pytest.mark.parametrize(
    "time",
    [
        "9999-12-31T23:00:00-05:00",
        "0001-01-01T01:00:00+09:00",
        "2250-01-01",
        "1969-12-31T23:59:59Z",
        5 * 10**15,
    ]
    + [-(10**18), 2**63, 10**30],
)
def test_an_impossible_clock_is_one_reject(tmp_path, time):
    found = read(tmp_path, "falco", {**FALCO, "time": time}, FALCO)
    assert (found.alerts, found.rejects.height) == (1, 1)
    assert "time" in found.rejects["reason"][0]


def test_a_clock_since_boot_is_said(tmp_path):
    found = read(tmp_path, "tracee", {**TRACEE, "timestamp": 86_400 * 10**9})
    assert list(found.rejected) == ["a time outside the years 2000 to 2200 (counted since boot?)"]


def test_falco_speaks_of_itself_and_of_other_sources(tmp_path):
    drops = [{**FALCO, "source": "internal", "output_fields": {"n_drops": n}} for n in (7, "4")]
    other = {**FALCO, "source": "internal", "output_fields": {"n_drops": "many"}}
    audit = {**FALCO, "source": "k8s_audit", "output_fields": {"ka.user.name": "eve"}}
    found = read(tmp_path, "falco", *drops, other, audit, {**FALCO, "source": "syscall"})
    assert (found.alerts, found.lost) == (1, 11)
    assert found.rejected == {
        "a message of Falco itself": 1,
        "of source k8s_audit, about no container": 1,
        "the engine's own report of lost events": 2,
    }


def test_unknown_format_and_empty_file(tmp_path):
    with pytest.raises(UsageError, match="did you mean 'falco'"):
        read(tmp_path, "falcon")
    assert read(tmp_path, "tetragon").findings.is_empty()


def test_real_tetragon_events_and_a_policy_hit(tmp_path):
    if not TETRAGON.is_dir():
        pytest.skip(f"{TETRAGON} is not here")
    events = [file.read_text("utf-8") for file in sorted(TETRAGON.glob("*.json"))]
    plain = read(tmp_path, "tetragon", *events)
    assert plain.alerts == 0
    assert plain.rejected == {"an event, not a hit of a named policy": len(events)}
    name = "03_chapter_00_four_golden_signals_process_kprobe.json"
    hit = json.loads((TETRAGON / name).read_text("utf-8"))
    hit["process_kprobe"]["policy_name"] = "file-monitoring"
    found = read(tmp_path, "tetragon", hit)
    (one,) = found.findings.to_dicts()
    assert (one["title"], one["namespace"]) == ("file-monitoring", "tenant-jobs")
    assert one["container_id"].startswith("bae66fa9f18079")
