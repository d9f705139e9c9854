"""The samples in ``tests/data``: counted by hand and by plain Python, and what they tell."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import fastavro
import polars as pl
import pytest

from rtml.captures import Capture, import_capture, open_capture
from rtml.captures.sensors import SENSORS
from rtml.evaluation import read_labels
from rtml.rules import evaluate, load_pack, run_rules
from tests.captures.test_sysflow import clear
from tests.data.make_sysflow import main as make_sysflow
from tests.samples import DATA, shipped

COUNTS = {
    "auditd/audit.log": (20, [29, 33, 47, 67]),
    "beth/processes.csv": (90, [42, 57, 72, 88]),
    "beth/processes-short.csv": (9, [11]),
    "beth/dns.csv": (24, [12, 13]),
    "bpftrace/bpftrace.jsonl.gz": (1203, [400, 500, 600, 700, 800]),
    "bpftrace/exact.jsonl": (8, [12]),
    "ecs/events.jsonl": (12, [14, 15, 16, 17]),
    "falco/alerts.jsonl": (3, [4]),
    "falco/events.jsonl": (19, [1, 22, 23, 24]),
    "hubble/export.jsonl": (6, [10, 11, 12]),
    "inspektor-gadget/events.jsonl": (12, [13, 14, 15]),
    "inspektor-gadget/trace_exec.jsonl": (5, [6, 7, 8]),
    "k8s-audit/audit.jsonl": (21, [65, 68, 74, 75]),
    "kubearmor/logs.jsonl": (16, [3, 18, 19, 21]),
    "kubescape/alertmanager.jsonl": (5, [8, 9, 10]),
    "kubescape/alerts.jsonl": (11, [5, 14, 15, 16]),
    "laurel/laurel.log": (14, [12, 14, 15, 16]),
    "ocsf/events.jsonl": (22, [5, 21, 22, 28]),
    "sysdig/events.jsonl": (15, [15, 24, 25, 27]),
    "sysflow/shop.sf": (152, [209, 210, 211, 212]),
    "vpc-flow/flows.log": (4, [8, 9]),
    "tetragon/export.jsonl": (16, [20, 21, 22, 23]),
    "tracee/flat.jsonl": (13, [4, 15, 16]),
    "tracee/nested.jsonl": (11, [3, 13, 14]),
    "tracee/v1beta1.jsonl": (10, [4, 12, 13]),
    "zeek/conn.log": (6, [6, 7, 8]),
}
"""Sample to events and the places of what is refused."""
EVENTS_OF_SYSFLOW = {"ProcessEvent", "FileEvent", "ProcessFlow", "FileFlow", "NetworkFlow"}
NO_EVENTS_OF_SYSFLOW = {"SFHeader", "Container", "Pod", "Process", "File"}


def rows_of_a_table(path: Path) -> int:
    with path.open(newline="") as file:
        return len(list(csv.reader(file))) - 1


def lines_of_a_sensor(path: Path) -> int:
    quiet = ('"attached_probes"', '"lost_events"', '"data": "begin', '"data": "argv', '"data": "+argv')
    raw = path.read_bytes()
    lines = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode().splitlines()
    return sum(not any(word in line for word in quiet) for line in lines)


def audit_events(path: Path) -> int:
    """Count what a reader of JSON finds, and the line that none can read."""
    text, count = path.read_text("utf-8"), 0
    while text:
        try:
            value, end = json.JSONDecoder().raw_decode(text)
        except ValueError:
            value, end = {}, text.index("\n")
        count += len(value.get("items", [value]))
        text = text[end:].lstrip()
    return count


def alerts_of_calls(path: Path) -> int:
    """Count lines without those of Falco itself, of plugins, and of a second rule for one event."""
    quiet = ('"internal"', '"k8s_audit"', "Write below tmp")
    return sum(not any(word in line for word in quiet) for line in path.read_text("utf-8").splitlines())


def events_of_processes(path: Path) -> int:
    """Count lines without accounts of losses, and processes that ran before the sensor did anything."""
    quiet = ('{"rate_limit_info"', '{"process_throttle"')
    lines = path.read_text("utf-8").splitlines()
    return sum(not line.startswith(quiet) for line in lines) - sum(
        '"procFS auid"' in x.partition('"parent"')[0] for x in lines
    )


def lines_of_a_log(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def logs_of_calls(path: Path) -> int:
    """Count lines without those by which KubeArmor says that it leaves events out."""
    return sum("AlertThreshold" not in line for line in path.read_text("utf-8").splitlines())


def alerts_of_rules(path: Path) -> int:
    """Count lines without the mark that a pipeline writes when it begins, and Alertmanager's notices."""
    quiet = ('"RuleID":"init"', '"alertname": "Watchdog"', '"status": "resolved"')
    lines = path.read_text("utf-8").splitlines()
    return sum(not any(mark in line for mark in quiet) for line in lines)


def groups_of_records(path: Path) -> int:
    """Count what an audit log names by time and serial, without logins and auditd itself, and other lines.

    What the kernel says of losses is none; operations of io_uring are events beside the call of their group.
    """
    quiet, rings = re.compile("^type=(?:DAEMON|USER)|callbacks suppressed$"), "type=URINGOP"
    lines = [line for line in path.read_text("utf-8").split("\n")[:-1] if not quiet.search(line)]
    named = [re.search(r"audit\((.*?)\)", line) for line in lines]
    called = {found[1] for found in named if found and "type=SYSCALL" in found.string}
    more = sum(found[1] in called and rings in found.string for found in named if found)
    groups = {(found[1], "node=edge" in found.string) for found in named if found}
    return len(groups) + named.count(None) + more


def events_with_a_call(path: Path) -> int:
    quiet = (
        "DAEMON_START",
        "USER_LOGIN",
        "authentication",
        '"is_reply": true',
        '"lost_events"',
        '"node_status"',
        '"ssl"',
    )
    lines = [line for line in path.read_text("utf-8").splitlines() if not any(word in line for word in quiet)]
    # Operations of io_uring are events beside the call that laurel tells of with them.
    return len(lines) + sum(line.count('"uring_op"') for line in lines if '"SYSCALL":{' in line)


def activities(path: Path) -> int:
    """Count lines without findings and calls of an API."""
    lines = path.read_text("utf-8").splitlines()
    return sum('"class_uid":2004' not in line and '"class_uid":6003' not in line for line in lines)


def ended_calls(path: Path) -> int:
    """Count lines without beginnings, but that of a read and of an exit and a ptrace that have no end."""
    whole = ('"procexit"', '"ptrace"', '"read"')
    lines = path.read_text("utf-8").splitlines()
    return sum('"evt.dir":">"' not in line or any(word in line for word in whole) for line in lines)


def records_of_avro(path: Path) -> int:
    with path.open("rb") as file:
        reader = fastavro.reader(file, return_record_name=True, return_record_name_override=True)
        clear(reader.writer_schema)
        kinds = [record["rec"][0].rsplit(".")[-1] for record in reader]
    assert EVENTS_OF_SYSFLOW | NO_EVENTS_OF_SYSFLOW <= set(kinds), "not every type is there"
    return sum(kind not in NO_EVENTS_OF_SYSFLOW for kind in kinds)


COUNTED: dict[str, Callable[[Path], int]] = {
    "auditd": groups_of_records,
    "beth": rows_of_a_table,
    "bpftrace": lines_of_a_sensor,
    "ecs": events_with_a_call,
    "falco": alerts_of_calls,
    "hubble": events_with_a_call,
    "inspektor-gadget": lambda path: len(path.read_text("utf-8").splitlines()),
    "k8s-audit": audit_events,
    "kubearmor": logs_of_calls,
    "kubescape": alerts_of_rules,
    "laurel": events_with_a_call,
    "ocsf": activities,
    "sysdig": ended_calls,
    "sysflow": records_of_avro,
    "tetragon": events_of_processes,
    "tracee": lines_of_a_log,
    "zeek": events_with_a_call,
    "vpc-flow": lambda path: (
        len(re.findall(r"^5 .*\n", path.read_text(), re.M)) - path.read_text().count("DATA")
    ),
}


@pytest.mark.parametrize(("sensor", "path"), [(s, p) for s in SENSORS.own for p in shipped(s)])
def test_every_input_record_is_an_event_or_a_reject(sensor: str, path: Path):
    reading = SENSORS[sensor].read(path)
    events, refused = COUNTS[path.relative_to(DATA).as_posix()]
    assert (reading.events.height, reading.rejects["line"].to_list()) == (events, refused)
    assert COUNTED[sensor](path) == events + len(refused)
    assert reading.rejects["reason"].n_unique() == len(refused) - (path.suffix == ".gz")


@pytest.fixture(scope="module")
def lab_cut(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    folder = tmp_path_factory.mktemp("lab") / "capture"
    import_capture("bpftrace", [DATA / "bpftrace/bpftrace.jsonl.gz"], folder)
    return open_capture(folder)


def test_the_cut_of_our_recording_keeps_lineage_whole(lab_cut: Capture):
    images = lab_cut.processes().collect()
    run = images.filter(pl.col("exe") == "/usr/bin/id").row(0, named=True)
    assert list(dict.fromkeys(run["ancestors"]))[:3] == ["/usr/bin/bash", "/bin/sh", "/usr/bin/python3"]
    labels = read_labels(DATA / "bpftrace/labels.jsonl")
    assert labels["attack_id"].to_list() == ["a01", "a09"]
    roots = images.filter(pl.col("pid").is_in([6366, 9594]))
    assert set(roots["container_id"].cast(pl.String)) == set(labels["container_id"])


def test_the_cut_of_our_recording_says_what_was_lost_and_who_is_no_workload(lab_cut: Capture):
    assert lab_cut.manifest.lost == 41
    assert (lab_cut.manifest.rejected, len(lab_cut.infrastructure())) == (5, 1)
    assert {"accept", "dns", "exec", "mount", "open", "ptrace", "vm_write"} <= set(lab_cut.manifest.kinds)


def test_rules_find_both_attacks_of_the_cut(lab_cut: Capture):
    ran = run_rules(lab_cut)
    assert ran.skipped == []
    findings = ran.findings()
    labels = read_labels(DATA / "bpftrace/labels.jsonl").sort("attack_id")
    types = ("Execution:Runtime/ReverseShell", "ProcessInjection.VirtualMemoryWrite")
    for attack, kind in zip(labels.rows(named=True), types, strict=True):
        (row,) = findings.filter(pl.col("type").str.ends_with(kind)).rows(named=True)
        assert row["container_id"] == attack["container_id"]
        assert attack["start"] <= row["first_seen"] <= row["last_seen"] <= attack["end"]


def test_the_sysflow_sample_is_what_its_script_writes(tmp_path: Path):
    again = SENSORS["sysflow"].read(make_sysflow(tmp_path))
    kept = SENSORS["sysflow"].read(DATA / "sysflow/shop.sf")
    assert again.events.equals(kept.events) and again.processes.equals(kept.processes)
    assert again.rejects.drop("file").equals(kept.rejects.drop("file"))


def test_sysflow_names_workloads_and_the_sandbox_is_none(tmp_path: Path):
    import_capture("sysflow", [DATA / "sysflow/shop.sf"], tmp_path / "c")
    capture = open_capture(tmp_path / "c")
    names = capture.events(["workload"]).unique().collect()["workload"].cast(pl.String)
    assert set(names) == {"orders/basket/basket", "orders/ledger/ledger", "alpine:3.20"}
    tool = capture.processes().filter(pl.col("exe") == "/tmp/.j").collect().row(0, named=True)
    assert tool["ancestors"][:2] == ["/bin/sh", "/usr/bin/node"]
    digests = capture.events(["image_digest"]).drop_nulls().unique().collect()["image_digest"]
    assert set(digests.cast(pl.String)) == {"sha256:" + "5e" * 32, "sha256:" + "7a" * 32}


def test_audit_values_of_secrets_stay_outside(tmp_path: Path):
    import_capture("k8s-audit", [DATA / "k8s-audit/audit.jsonl"], tmp_path / "c")
    capture = open_capture(tmp_path / "c")
    audit = capture.audit().collect()
    assert audit["final"].sum() == capture.manifest.audit - 1 == 20
    assert audit["holds_secret"].sum() == 1
    assert "invented-for-a-test" not in audit.write_ndjson()
    assert set(capture.events(["cluster"]).collect()["cluster"].cast(pl.String)) == {"orders-test"}


def test_rules_find_the_intruder_of_the_audit_log_who_is_in_no_container(tmp_path: Path):
    import_capture("k8s-audit", [DATA / "k8s-audit/audit.jsonl"], tmp_path / "c")
    rules, _ = load_pack("k8s-audit")
    evaluation = evaluate(open_capture(tmp_path / "c"), rules)
    matched = evaluation.table.filter(pl.col("hits") > 0)
    assert matched.height >= 8
    assert matched["containers"].sum() == 0 == evaluation.hits["container_id"].count()
    assert any("rivileged" in title for title in matched["title"])
