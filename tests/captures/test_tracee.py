"""Tracee: each form of its events, what each kind of event has, and whose it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors import SENSORS, Reading
from rtml.rules import run_rules
from tests.samples import DATA

AT = 1798793100_500000000
ID = "5d" * 32


def old(call: str, returned: int = 0, /, **args: Any) -> dict[str, Any]:
    return {
        "timestamp": AT,
        "threadStartTime": AT - 10**9,
        "processId": 7,
        "hostProcessId": 7,
        "hostThreadId": 7,
        "hostParentProcessId": 1,
        "userId": 0,
        "processName": "sh",
        "hostName": "node",
        "containerId": "",
        "eventName": call,
        "returnValue": returned,
        "args": [{"name": name, "type": "x", "value": value} for name, value in args.items()],
    }


def new(call: str, returned: int | None = None, /, **args: Any) -> dict[str, Any]:
    data = [{"name": name, "value": value} for name, value in args.items()]
    if returned is not None:
        data.append({"name": "returnValue", "value": returned})
    process = {"host_pid": 7, "pid": 7, "unique_id": 9, "real_user": {"id": 0}, "thread": {"host_tid": 7}}
    time = "2027-01-01T08:45:00.5Z"
    return {"timestamp": time, "id": 1, "name": call, "workload": {"process": process}, "data": data}


def read(folder: Path, *records: dict[str, Any]) -> Reading:
    (folder / "t.jsonl").write_text("\n".join(map(json.dumps, records)))
    return SENSORS["tracee"].read(folder / "t.jsonl")


FOUR = {"sa_family": "AF_INET", "sin_addr": "9.9.9.9", "sin_port": "443"}
SIX = {"sa_family": 3, "sin6_addr": "::ffff:9.9.9.9", "sin6_port": 53}
EVENTS: dict[str, tuple[tuple[str, int, dict[str, Any]], dict[str, Any]]] = {
    "exec": (
        ("execve", 0, {"pathname": "/bin/ls", "argv": ["ls", "-l"]}),
        {"kind": "exec", "exe": "/bin/ls", "cmdline": "ls -l", "path": None, "uid": 0},
    ),
    "failed exec": (("execve", -2, {"pathname": "/x"}), {"result": -2, "path": "/x", "exe": None}),
    "open by number": (
        ("openat", 3, {"pathname": "/a", "flags": 65, "mode": 420}),
        {"kind": "open", "flags": "O_WRONLY|O_CREAT", "mode": 420, "wrote": True, "result": 0},
    ),
    "open by name": (
        ("openat", -13, {"pathname": "/a", "flags": "O_WRONLY", "mode": 0}),
        {"result": -13, "wrote": False, "mode": None},
    ),
    "fork": (("clone", 9, {"flags": "SIGCHLD"}), {"kind": "fork", "target_pid": 9}),
    "thread": (("clone", 9, {"flags": "CLONE_VM|CLONE_THREAD"}), {"kind": "syscall", "request": "clone"}),
    "connect": (("connect", -111, {"addr": FOUR}), {"dst_ip": "9.9.9.9", "dst_port": 443, "result": -111}),
    "mapped address": (("sendto", 4, {"dest_addr": SIX}), {"dst_ip": "9.9.9.9", "dst_port": 53}),
    "accept": (("accept4", 4, {"addr": FOUR}), {"src_ip": "9.9.9.9", "dst_ip": None, "direction": "inbound"}),
    "bind": (("bind", 0, {"addr": FOUR}), {"kind": "bind", "src_port": 443, "dst_port": None}),
    "address as Python writes it": (
        ("connect", 0, {"addr": "{'sa_family': 'AF_INET','sin_port': '443','sin_addr': '9.9.9.9'}"}),
        {"dst_ip": "9.9.9.9", "dst_port": 443},
    ),
    "unix": (
        ("connect", 0, {"addr": {"sa_family": 1, "sun_path": "/run/x"}}),
        {"protocol": "unix", "socket_path": "/run/x"},
    ),
    "rename": (
        ("renameat2", 0, {"oldpath": "/a", "newpath": "/b"}),
        {"kind": "rename", "path": "/a", "path_to": "/b"},
    ),
    "link": (("symlink", 0, {"target": "/a", "linkpath": "/b"}), {"path": "/a", "path_to": "/b"}),
    "chmod": (("fchmodat", 0, {"pathname": "/a", "mode": 493}), {"kind": "chmod", "mode": 0o755}),
    "kill": (("kill", 0, {"pid": 12, "sig": "SIGKILL"}), {"kind": "kill", "target_pid": 12}),
    "setuid": (("setuid", 0, {"uid": 0}), {"kind": "setuid", "euid": 0, "request": "setuid"}),
    "memfd": (("memfd_create", 3, {"name": "m"}), {"kind": "memfd", "path": "memfd:m"}),
    "read": (("read", 9, {"fd": "3=/etc/passwd"}), {"kind": "syscall", "path": "/etc/passwd"}),
    "no argument": (("getuid", 0, {}), {"kind": "syscall", "request": "getuid", "result": 0}),
}


@pytest.mark.parametrize("form", [old, new], ids=["old", "new"])
@pytest.mark.parametrize("name", EVENTS)
def test_each_call_is_an_event_with_what_it_has(form: Any, name: str, tmp_path: Path):
    (call, returned, args), wanted = EVENTS[name]
    (row,) = read(tmp_path, form(call, returned, **args)).events.to_dicts()
    assert {column: row[column] for column in wanted} == wanted


META = {"src_ip": "10.0.0.1", "dst_ip": "1.1.1.1", "src_port": 40000, "dst_port": 53, "protocol": 17}
QUESTION = {"query": "A.example.org.", "query_type": "A"}
HOOKS: dict[str, tuple[tuple[str, dict[str, Any]], dict[str, Any]]] = {
    "sched exec": (
        ("sched_process_exec", {"cmdpath": "./x", "pathname": "/x", "argv": ["./x"]}),
        {"kind": "exec", "result": 0, "exe": "/x"},
    ),
    "exec from memory": (
        ("sched_process_exec", {"pathname": "memfd:x", "sha256": "ab" * 32}),
        {"kind": "exec", "result": 0, "exe_memory": True, "exe_sha256": "ab" * 32},
    ),
    "sched fork": (
        ("sched_process_fork", {"child_pid": 9, "child_tid": 9}),
        {"kind": "fork", "target_pid": 9},
    ),
    "sched thread": (("sched_process_fork", {"child_pid": 7, "child_tid": 9}), {"kind": "syscall"}),
    "hook": (("security_file_open", {"pathname": "/a", "flags": "O_RDWR"}), {"kind": "open", "result": None}),
    "map of data": (("security_mmap_file", {"prot": "PROT_READ"}), {"kind": "syscall"}),
    "map of code": (
        ("security_mmap_file", {"prot": "PROT_READ|PROT_EXEC", "pathname": "/l"}),
        {"kind": "mmap_exec", "path": "/l"},
    ),
    "tcp": (
        ("net_tcp_connect", {"dst": "9.9.9.9", "dst_port": 80}),
        {"kind": "connect", "dst_port": 80, "protocol": "tcp", "direction": "outbound"},
    ),
    "question": (
        ("net_packet_dns_request", {"metadata": META, "dns_questions": [QUESTION]}),
        {"kind": "dns", "domain": "a.example.org", "query_type": "A", "dst_ip": "1.1.1.1", "protocol": "udp"},
    ),
    "answer": (
        (
            "net_packet_dns_response",
            {"dns_response": [{"query_data": QUESTION, "dns_answer": [{"answer": "9.9.9.9"}]}]},
        ),
        {"domain": "a.example.org", "answers": ["9.9.9.9"]},
    ),
    "whole dns": (
        ("net_packet_dns", {"proto_dns": {"questions": [{"name": "b", "type": "TXT"}], "answers": []}}),
        {"domain": "b", "query_type": "TXT", "answers": None},
    ),
    "no such name": (
        ("net_packet_dns", {"proto_dns": {"QR": 1, "responseCode": "non-existent domain"}}),
        {"kind": "dns", "result": -2},
    ),
    "ports in the header": (
        ("net_packet_udp", {"src": "10.0.0.1", "proto_udp": {"srcPort": 5, "dstPort": 6}}),
        {"src_ip": "10.0.0.1", "src_port": 5, "dst_port": 6, "protocol": "udp", "kind": "syscall"},
    ),
    "odd shapes": (
        (
            "security_socket_connect",
            {"remote_addr": [1], "local_addr": "x", "argv": {"a": 1}, "name": {"b": 2}},
        ),
        {"kind": "connect", "dst_ip": None, "cmdline": None},
    ),
}


@pytest.mark.parametrize("form", [old, new], ids=["old", "new"])
@pytest.mark.parametrize("name", HOOKS)
def test_hooks_and_packets_are_events_without_a_result_of_their_own(form: Any, name: str, tmp_path: Path):
    (call, args), wanted = HOOKS[name]
    (row,) = read(tmp_path, form(call, **args)).events.to_dicts()
    assert {column: row[column] for column in wanted} == wanted
    assert row["result"] == wanted.get("result")


def test_a_detection_is_no_second_event_of_its_kind(tmp_path: Path):
    alert = old("sched_process_exec") | {"metadata": {"Properties": {"Severity": 3}}}
    threat = new("openat", 0) | {"threat": {"severity": 2}}
    events = read(tmp_path, alert, threat).events
    assert events["kind"].to_list() == ["syscall", "syscall"]
    assert events["request"].to_list() == ["sched_process_exec", "openat"]


@pytest.mark.parametrize("time", [8123.51, 620311624458929, 0, None, "null"])
def test_a_time_since_the_start_of_the_machine_is_refused(time: object, tmp_path: Path):
    reading = read(tmp_path, old("openat"), old("openat") | {"timestamp": time})
    assert (reading.events.height, reading.rejects["line"].to_list()) == (1, [2])


def test_the_start_of_a_process_is_told_by_its_first_thread_and_by_a_calendar(tmp_path: Path):
    thread = old("openat") | {"hostThreadId": 8}
    booted = old("openat") | {"threadStartTime": 620311624458929}
    started = read(tmp_path, old("openat"), thread, booted).events["started"].dt.epoch("ns").to_list()
    assert started == [AT - 10**9, None, None]


def test_a_process_is_known_by_the_number_of_tracee_under_each_name_of_the_host(tmp_path: Path):
    numbers = {"processEntityId": 3, "parentEntityId": 2}
    inside = {"hostName": "web-0", "containerId": ID, "hostProcessId": 7, "hostThreadId": 99}
    parent = {"processEntityId": 2, "hostProcessId": 1, "hostName": "web-0", "containerId": ID}
    read(tmp_path, old("execve") | numbers, old("openat") | numbers | inside, old("openat") | parent)
    import_capture("tracee", [tmp_path / "t.jsonl"], tmp_path / "c")
    events = open_capture(tmp_path / "c").events().collect()
    first, second, third = events.sort("seq").to_dicts()
    assert first["process_id"] == second["process_id"] and first["parent_id"] == third["process_id"]
    assert {row["host"] for row in (first, second, third)} == {"node"}


def test_ancestors_are_known_also_without_events(tmp_path: Path):
    import_capture("tracee", [DATA / "tracee/v1beta1.jsonl"], tmp_path / "c")
    shell = open_capture(tmp_path / "c").processes().filter(pl.col("exe") == "/bin/dash").collect()
    assert shell["ancestors"].to_list()[-1][:2] == ["/usr/bin/node", "/usr/bin/containerd-shim"]


def test_flat_and_nested_names_are_of_one_container(tmp_path: Path):
    flat = old("openat") | {
        "containerId": ID,
        "containerName": "web",
        "podName": "web-0",
        "podNamespace": "s",
    }
    pod = {"podName": "web-0", "podNamespace": "s"}
    nested = old("openat") | {"container": {"id": ID, "name": "web"}, "kubernetes": pod}
    one, two = read(tmp_path, flat, nested).events.to_dicts()
    assert one == two and one["workload"] == "s/web/web"


def test_the_oldest_spelling_is_read(tmp_path: Path):
    record = {
        "timestamp": AT,
        "eventName": "ptrace",
        "returnValue": 0,
        "hostProcessID": 7,
        "userID": 0,
        "args": [{"argMeta": {"name": "request"}, "value": "PTRACE_TRACEME"}],
    }
    (row,) = read(tmp_path, record).events.to_dicts()
    assert (row["kind"], row["request"], row["pid"], row["uid"]) == ("ptrace", "PTRACE_TRACEME", 7, 0)


def test_the_event_inside_an_alert_of_tracee_rules_is_read(tmp_path: Path):
    signature = {"ID": "TRC-2", "Properties": {"Severity": 3}}
    record = {"Data": None, "Context": old("ptrace", pid=12), "SigMetadata": signature}
    (row,) = read(tmp_path, record).events.to_dicts()
    assert (row["kind"], row["request"], row["pid"], row["uid"]) == ("syscall", "ptrace", 7, 0)
    import_capture("auto", [tmp_path / "t.jsonl"], tmp_path / "c")


def test_forms_may_be_mixed_in_one_file(tmp_path: Path):
    reading = read(tmp_path, old("openat"), new("openat", 3), old("close"), {"name": "x", "id": 1})
    assert (reading.events.height, reading.rejects["line"].to_list()) == (3, [4])


def test_the_sandbox_of_a_pod_is_infrastructure(tmp_path: Path):
    import_capture("tracee", [DATA / "tracee/nested.jsonl"], tmp_path / "c")
    assert open_capture(tmp_path / "c").infrastructure() == ["a7" * 32]


def test_rules_find_what_the_samples_tell(tmp_path: Path):
    import_capture("auto", [DATA / "tracee"], tmp_path / "c")
    assert run_rules(open_capture(tmp_path / "c")).findings()["type"].len() >= 2


def test_real_files_are_all_accounted_for(shared: Path, tmp_path: Path):
    flat, nested = (
        SENSORS["tracee"].read(shared / f"tracee/events-{form}.jsonl") for form in ("flat", "nested")
    )
    assert (flat.events.height, flat.rejects.height) == (87, 1)
    assert (nested.events.height, nested.rejects.height) == (50, 0)
    assert set(flat.events["kind"]) == {"fork", "syscall", "open", "dns", "exec"}
    assert set(nested.events["kind"]) == {"exec", "dns", "syscall"}
    assert flat.events.filter(pl.col("kind") == "dns")["domain"].null_count() == 0
    assert flat.events["container_id"].drop_nulls().str.len_chars().unique().to_list() == [64]
    assert nested.events["process_id"].null_count() == 3
    manifest = import_capture("auto", [shared / "tracee"], tmp_path / "c")
    assert (manifest.sensor, manifest.events, manifest.rejected) == ("tracee", 137, 1)
