"""Kubescape's alerts as Alertmanager has them: posted to it, listed by it, in its webhooks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors import SENSORS, Reading

ID = "5c" * 32


def alert(rule: str, message: str, **labels: Any) -> dict[str, Any]:
    """An alert as the agent posts it (`pkg/exporters/alert_manager.go` of the node-agent)."""
    title = "Rule 'a rule' in 'web-0' namespace 'shop' failed"
    said = {"title": title, "summary": title, "message": message, "description": message, "fix": "look"}
    who = {"pid": "4010", "ppid": "4000", "pcomm": "node", "comm": "sh", "uid": "1001", "gid": "1001"}
    where = {"container_id": ID, "container_name": "web", "namespace": "shop", "pod_name": "web-0"}
    agent = {"host": "node-agent-b4qmg", "node_name": "node-a", "severity": "medium", "trace": "{}"}
    rules = {"alertname": "KubescapeRuleViolated", "rule_name": "a rule", "rule_id": rule}
    return {
        "annotations": said,
        "startsAt": "2027-01-01T08:45:00.125Z",
        "endsAt": "2027-01-01T09:45:00.125Z",
        "labels": {**rules, **where, **agent, **who, **labels},
        "generatorURL": "https://armosec.github.io/kubecop/alertviewer/",
    }


def read(folder: Path, *records: Any) -> Reading:
    (folder / "a.json").write_text("\n".join(map(json.dumps, records)))
    return SENSORS["kubescape"].read(folder / "a.json")


SENTENCES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "process": (
        "R0001",
        "Unexpected process launched: /usr/bin/curl",
        {"kind": "exec", "exe": "/usr/bin/curl", "comm": "sh"},
    ),
    "process of a named container": (
        "R0001",
        "Unexpected process launched: /bin/ls in: web",
        {"kind": "exec", "exe": "/bin/ls"},
    ),
    "process by its name alone": (
        "R0001",
        "Unexpected process launched: ls with PID 4010",
        {"kind": "exec", "exe": None, "comm": "sh"},
    ),
    "mounted": (
        "R1004",
        "Process (/data/x y) was executed from a mounted path",
        {"kind": "exec", "exe": "/data/x y"},
    ),
    "memory": (
        "R1000",
        "Process executed from /dev/shm: /dev/shm/x in directory /tmp",
        {"kind": "exec", "exe": "/dev/shm/x"},
    ),
    "file": (
        "R0002",
        "Unexpected file access: /etc/a b with flags O_RDWR,O_CREAT in: web",
        {"kind": "open", "path": "/etc/a b", "flags": "O_RDWR|O_CREAT", "wrote": True, "exe": None},
    ),
    "file, first agents": (
        "R0002",
        "Unexpected file access: /etc/a with flags [O_RDONLY O_CLOEXEC]",
        {"path": "/etc/a", "flags": "O_RDONLY|O_CLOEXEC", "wrote": False},
    ),
    "file, rule library": (
        "R0002",
        "Unexpected file access detected: cat with PID 4010 to /etc/hosts",
        {"kind": "open", "path": "/etc/hosts", "flags": None},
    ),
    "sensitive": (
        "R0010",
        "Unexpected sensitive file access: /etc/shadow by process cat",
        {"kind": "open", "path": "/etc/shadow"},
    ),
    "call": ("R0003", "Unexpected system call detected: ptrace with PID 4010", {"kind": "ptrace"}),
    "capability": (
        "R0004",
        "Unexpected capability used (capability SYS_CHROOT used in syscall chroot)",
        {"kind": "syscall", "request": "chroot"},
    ),
    "name": (
        "R0005",
        "Unexpected domain communication: Pool.example. from: web",
        {"kind": "dns", "domain": "pool.example", "direction": "outbound"},
    ),
    "mining": (
        "R1008",
        "Communication with a known crypto mining domain: pool.example.",
        {"kind": "dns", "domain": "pool.example"},
    ),
    "destination": (
        "R0011",
        "Unexpected egress network communication to: 10.42.0.16:5432 using TCP from: web",
        {"kind": "connect", "dst_ip": "10.42.0.16", "dst_port": 5432, "protocol": "tcp"},
    ),
    "peer": (
        "R0012",
        "Unexpected ingress network communication from: 10.42.1.16:5432 using TCP to: db",
        {"kind": "accept", "src_ip": "10.42.1.16", "dst_ip": None, "dst_port": 5432, "direction": "inbound"},
    ),
    "port": (
        "R1009",
        "Detected crypto mining related port communication on port 3333 to 9.9.9.9 with protocol TCP",
        {"kind": "connect", "dst_ip": "9.9.9.9", "dst_port": 3333, "protocol": "tcp"},
    ),
    "link": (
        "R1012",
        "Hardlink created over sensitive file: /etc/shadow - /etc/abc",
        {"kind": "link", "path": "/etc/shadow", "path_to": "/etc/abc"},
    ),
    "unknown": ("R9999", "Something odd", {"kind": "syscall", "request": "a rule", "path": None}),
}


@pytest.mark.parametrize("name", SENTENCES)
def test_what_was_done_stands_in_a_sentence(name: str, tmp_path: Path):
    rule, message, wanted = SENTENCES[name]
    (row,) = read(tmp_path, alert(rule, message)).events.to_dicts()
    assert {column: row[column] for column in wanted} == wanted


def test_labels_say_where_who_and_when(tmp_path: Path):
    (row,) = read(tmp_path, alert("R0001", "x")).events.to_dicts()
    wanted = {"container_id": ID, "container_name": "web", "namespace": "shop", "pod": "web-0"}
    wanted |= {"host": "node-a", "pid": 4010, "ppid": 4000, "comm": "sh", "uid": 1001}
    assert {column: row[column] for column in wanted} == wanted
    assert row["time"].isoformat() == "2027-01-01T08:45:00.125000+00:00"
    assert row["workload"] == "shop/web/web" and row["parent_id"] is not None


def test_the_agents_own_host_stands_in_where_no_node_is_named(tmp_path: Path):
    record = alert("R0001", "x")
    del record["labels"]["node_name"]
    assert read(tmp_path, record).events["host"].to_list() == ["node-agent-b4qmg"]


FORMS = {
    "lines": lambda alerts: "\n".join(map(json.dumps, alerts)),
    "posted": json.dumps,
    "listed": lambda alerts: json.dumps(
        [{**a, "fingerprint": "f", "status": {"state": "active"}, "receivers": []} for a in alerts], indent=1
    ),
    "webhook": lambda alerts: json.dumps(
        {
            "receiver": "hook",
            "status": "firing",
            "alerts": [{**a, "status": "firing", "fingerprint": "f"} for a in alerts],
            "groupLabels": {"alertname": "KubescapeRuleViolated"},
            "commonLabels": alerts[0]["labels"],
            "commonAnnotations": {},
            "externalURL": "http://alertmanager:9093",
            "version": "4",
            "groupKey": "{}",
        }
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_are_recognised_and_say_the_same(form: str, tmp_path: Path):
    alerts = [alert("R0001", "Unexpected process launched: /bin/ls"), alert("R0003", "x", pid="4011")]
    (tmp_path / "a.json").write_text(FORMS[form](alerts))
    import_capture("auto", [tmp_path / "a.json"], tmp_path / "c")
    events = open_capture(tmp_path / "c").events().collect()
    assert events["pid"].to_list() == [4010, 4011] and events["exe"].to_list()[0] == "/bin/ls"


def test_what_is_no_event_is_told_apart(tmp_path: Path):
    other = {**alert("R", "x"), "labels": {"alertname": "Watchdog", "severity": "none"}}
    file = alert("R", "x", alertname="KubescapeMalwareDetected", malware_name="EICAR")
    over = {**alert("R0001", "x"), "status": "resolved"}
    reading = read(tmp_path, other, file, over, alert("R0001", "x"), alert("R0001", "x", pid="0"))
    assert reading.beside == {
        "an alert of another maker": 1,
        "an alert about a file, of no process": 1,
        "a notice that an alert is over": 1,
    }
    assert (reading.events.height, reading.rejects["reason"].to_list()) == (1, ["an alert about no process"])


def test_a_process_is_one_in_both_forms(tmp_path: Path):
    own = {
        "BaseRuntimeMetadata": {"infectedPID": 4010, "timestamp": "2027-01-01T08:45:00Z"},
        "RuleID": "R0002",
        "RuntimeK8sDetails": {"containerID": ID, "nodeName": "node-a"},
        "RuntimeProcessDetails": {"processTree": {"pid": 4010, "ppid": 4000, "comm": "sh"}},
    }
    events = read(tmp_path, own, alert("R0002", "x"), own).events
    assert events["process_id"].n_unique() == 1 and events["process_id"].null_count() == 0
    assert events.select(pl.col("parent_id").n_unique()).item() == 1
