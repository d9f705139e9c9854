"""Tetragon: every type of event, every form of record, and images that become processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.check import check_capture
from rtml.captures.sensors import SENSORS, Reading
from rtml.rules import run_rules
from tests.samples import DATA

AT = "2027-03-04T09:00:00.000000001Z"
SHELL = {
    "exec_id": "ZQ==",
    "pid": 7,
    "uid": 0,
    "binary": "/bin/sh",
    "start_time": AT,
    "docker": "7c1e5a9b3d2f4860b1c2d3e4f5a6071",
}
PARENT = {"exec_id": "cA==", "pid": 1, "binary": "/init", "start_time": "2027-03-04T08:00:00Z"}


def event(
    kind: str, process: dict[str, Any] = SHELL, parent: dict[str, Any] | None = PARENT, **more: Any
) -> dict[str, Any]:
    inner = {"process": process, **({"parent": parent} if parent else {}), **more}
    return {kind: inner, "node_name": "n", "time": AT}


def read(folder: Path, *records: dict[str, Any]) -> Reading:
    (folder / "t.jsonl").write_text("\n".join(map(json.dumps, records)))
    return SENSORS["tetragon"].read(folder / "t.jsonl")


def kprobe(name: str, *args: dict[str, Any], **more: Any) -> dict[str, Any]:
    return event("process_kprobe", function_name=name, args=list(args), **more)


SOCK = {
    "sock_arg": {"protocol": "IPPROTO_TCP", "saddr": "10.0.0.1", "daddr": "9.9.9.9", "sport": 5, "dport": 443}
}
EVENTS = {
    "exec": (event("process_exec"), {"kind": "exec", "exe": "/bin/sh", "result": 0, "pid": 7, "ppid": 1}),
    "exit without status": (event("process_exit"), {"kind": "exit", "request": "0"}),
    "exit by signal": (event("process_exit", signal="SIGSEGV", status=11), {"request": "SIGSEGV"}),
    "connect": (
        kprobe("tcp_connect", SOCK),
        {"kind": "connect", "dst_ip": "9.9.9.9", "dst_port": 443, "protocol": "tcp"},
    ),
    "accept": (
        kprobe("inet_csk_accept", SOCK),
        {"kind": "accept", "src_ip": "9.9.9.9", "dst_ip": "10.0.0.1"},
    ),
    "sockaddr": (
        kprobe("security_socket_connect", {"sockaddr_arg": {"addr": "::ffff:9.9.9.9", "port": 53}}),
        {"kind": "connect", "dst_ip": "9.9.9.9", "dst_port": 53},
    ),
    "write": (
        kprobe("__x64_sys_write", {"file_arg": {"path": "etc/passwd"}}),
        {"kind": "write", "path": "/etc/passwd", "wrote": True},
    ),
    "openat": (
        kprobe(
            "__arm64_sys_openat", {"int_arg": -100}, {"string_arg": "/x"}, {"int_arg": 65}, {"int_arg": 420}
        ),
        {"kind": "open", "path": "/x", "flags": "O_WRONLY|O_CREAT", "wrote": True},
    ),
    "failed": (kprobe("sys_openat", {"string_arg": "/x"}, **{"return": {"int_arg": -13}}), {"result": -13}),
    "fd": (
        kprobe("fd_install", {"int_arg": 577}, {"file_arg": {"path": "/x"}}),
        {"kind": "open", "flags": None, "wrote": None},
    ),
    "kill": (kprobe("__x64_sys_kill", {"int_arg": 9}, {"int_arg": 15}), {"kind": "kill", "target_pid": 9}),
    "rename": (
        kprobe("__x64_sys_rename", {"string_arg": "/a"}, {"string_arg": "/b"}),
        {"path": "/a", "path_to": "/b"},
    ),
    "module": (
        kprobe("do_init_module", {"module_arg": {"name": "bad"}}),
        {"kind": "module_load", "path": "bad"},
    ),
    "exec probe": (kprobe("__x64_sys_execve"), {"kind": "syscall", "request": "execve"}),
    "unknown": (kprobe("commit_creds"), {"kind": "syscall", "request": "commit_creds"}),
    "tracepoint": (
        event("process_tracepoint", subsys="syscalls", event="sys_enter_setns"),
        {"kind": "setns"},
    ),
    "lsm": (
        event("process_lsm", function_name="file_open", ima_hash="sha256:" + "AB" * 32),
        {"kind": "open", "exe_sha256": "AB" * 32},
    ),
    "loader": (
        event("process_loader", parent=None, path="/lib/x.so"),
        {"kind": "mmap_exec", "path": "/lib/x.so"},
    ),
    "uprobe": (
        event("process_uprobe", symbol="system", path="/lib/x.so"),
        {"kind": "syscall", "request": "uprobe system"},
    ),
    "listen": (
        event("process_listen", ip="0.0.0.0", port=80, protocol="TCP"),
        {"kind": "listen", "src_port": 80},
    ),
    "close": (event("process_close", stats={"bytes_sent": "78"}), {"kind": "syscall", "bytes_out": 78}),
    "dns": (
        event("process_dns", dns={"names": ["A.example.org."]}),
        {"kind": "dns", "domain": "a.example.org"},
    ),
    "aggregated": ({**kprobe("tcp_connect", SOCK), "aggregation_info": {"count": "4"}}, {"count": 4}),
    "no uid": (event("process_exec", {k: v for k, v in SHELL.items() if k != "uid"}), {"uid": None}),
    "odd types": (
        event("process_exec", {**SHELL, "uid": {"x": 1}, "cwd": [1]}, args="x"),
        {"uid": None, "cwd": None},
    ),
}


@pytest.mark.parametrize("name", EVENTS)
def test_each_type_is_an_event_with_what_it_has(name: str, tmp_path: Path):
    record, wanted = EVENTS[name]
    (row,) = read(tmp_path, record).events.to_dicts()
    assert {column: row[column] for column in wanted} == wanted


WRAPPED = {
    "object": {"time": AT, "node_name": "n", "type": "process_exec", "payload": event("process_exec")},
    "event": {
        "time": AT,
        "node_name": "n",
        "type": "PROCESS_EXEC",
        "payload": event("process_exec")["process_exec"],
    },
    "time behind": dict(reversed(event("process_exec").items())),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_wrapped_records_are_as_others(name: str, tmp_path: Path):
    plain = read(tmp_path, event("process_exec")).events
    assert read(tmp_path, WRAPPED[name]).events.equals(plain)


def test_records_on_one_line_keep_each_its_arguments(tmp_path: Path):
    texts = [json.dumps(kprobe("sys_openat", {"string_arg": path})) for path in ("/a", "/b", "/c")]
    (tmp_path / "t.jsonl").write_text(f"{texts[0]}{texts[1]}\n{texts[2]}")
    reading = SENSORS["tetragon"].read(tmp_path / "t.jsonl")
    assert reading.records == 3 and reading.events["path"].to_list() == ["/a", "/b", "/c"]


def test_an_exec_without_time_has_that_of_its_process(tmp_path: Path):
    record = event("process_exec")
    del record["time"]
    reading = read(tmp_path, record, {**kprobe("tcp_connect"), "time": None})
    assert reading.events.height == 1 and reading.rejects["line"].to_list() == [2]


def test_what_counts_losses_is_no_event(tmp_path: Path):
    limit = {"rate_limit_info": {"number_of_dropped_process_events": "21"}, "node_name": "n", "time": AT}
    throttle = {"process_throttle": {"type": "THROTTLE_START"}, "node_name": "n", "time": AT}
    reading = read(tmp_path, limit, throttle, {"test": {"arg0": "1"}, "node_name": "n", "time": AT})
    assert [loss.count for loss in reading.lost] == [21, 0]
    assert (reading.records, sum(reading.beside.values())) == (0, 3)


def test_processes_older_than_the_sensor_did_nothing_and_are_known(tmp_path: Path):
    old = {**PARENT, "flags": "procFS auid"}
    read(tmp_path, event("process_exec", old, None), event("process_exec"))
    import_capture("tetragon", [tmp_path / "t.jsonl"], tmp_path / "c")
    capture = open_capture(tmp_path / "c")
    assert capture.manifest.events == 1 and capture.manifest.beside
    shell = capture.processes().filter(pl.col("exe") == "/bin/sh").collect()
    assert shell["ancestors"].to_list() == [["/init"]]


def _image(pid: int, second: int, binary: str) -> dict[str, Any]:
    return {
        "exec_id": f"{pid}.{second}",
        "pid": pid,
        "binary": binary,
        "start_time": f"2027-03-04T09:00:{second:02}Z",
    }


def test_images_of_one_pid_are_one_process_also_over_files(tmp_path: Path):
    first, second, third = (_image(7, n, f"/{n}") for n in (1, 2, 3))
    child = _image(8, 9, "/child")
    (tmp_path / "a").write_text(
        json.dumps(event("process_exec", first, PARENT))
        + "\n"
        + json.dumps(event("process_exec", second, first))
    )
    (tmp_path / "b").write_text(
        json.dumps(event("process_exec", third, second))
        + "\n"
        + json.dumps(event("process_exec", child, third))
    )
    import_capture("tetragon", [tmp_path / "b", tmp_path / "a"], tmp_path / "c")
    events = open_capture(tmp_path / "c").events().collect()
    one = events.filter(pl.col("pid") == 7)
    assert one["process_id"].n_unique() == 1 == one["parent_id"].n_unique()
    assert events.filter(pl.col("pid") == 8)["parent_id"].to_list() == [one["process_id"][0]]


def test_events_of_one_process_join_though_their_exec_ids_differ(tmp_path: Path):
    other = {**SHELL, "exec_id": "b3RoZXI="}
    records = event("process_exec"), event("process_kprobe", other, function_name="tcp_connect", args=[SOCK])
    assert read(tmp_path, *records).events["process_id"].n_unique() == 1


def test_a_pid_that_is_used_again_is_another_process(tmp_path: Path):
    later = {**SHELL, "exec_id": "bGF0ZXI=", "start_time": "2027-03-04T09:30:00Z"}
    read(tmp_path, event("process_exec"), event("process_exec", later))
    import_capture("tetragon", [tmp_path / "t.jsonl"], tmp_path / "c")
    assert open_capture(tmp_path / "c").events().collect()["process_id"].n_unique() == 2


def test_the_short_id_and_the_long_one_are_one_container(tmp_path: Path):
    long = {**SHELL, "pod": {"container": {"id": "containerd://" + SHELL["docker"] + "8" * 33}}}
    read(tmp_path, event("process_exec"), event("process_exit", long))
    manifest = import_capture("tetragon", [tmp_path / "t.jsonl"], tmp_path / "c")
    assert [len(container.container_id) for container in manifest.containers] == [64]


def test_rules_find_what_the_sample_tells(tmp_path: Path):
    import_capture("auto", [DATA / "tetragon"], tmp_path / "c")
    assert run_rules(open_capture(tmp_path / "c")).findings().height >= 2


def test_real_files_are_all_accounted_for(shared: Path, tmp_path: Path):
    files = sorted((shared / "tetragon").iterdir())
    readings = [SENSORS["tetragon"].read(path) for path in files]
    assert [r.events.height for r in readings] == [3 if path.suffix == ".jsonl" else 1 for path in files]
    manifest = import_capture("auto", [shared / "tetragon"], tmp_path / "c")
    assert manifest.rejected == 0 and set(manifest.kinds) == {
        "exec",
        "exit",
        "write",
        "connect",
        "listen",
        "syscall",
    }
    assert {len(container.container_id) for container in manifest.containers} == {64}
    tree = open_capture(tmp_path / "c").processes().filter(pl.col("exe") == "/usr/bin/nsenter").collect()
    assert tree["ancestors"].to_list()[-1][-2:] != []


@pytest.mark.parametrize("left_out", [("start_time",), ("start_time", "exec_id")])
def test_processes_without_a_start_are_processes_all_the_same(tmp_path: Path, left_out: tuple[str, ...]):
    shell = {name: value for name, value in SHELL.items() if name not in left_out}
    shell |= {} if "exec_id" in left_out else {"exec_id": "bjoxMjM6Nw=="}
    init = {name: value for name, value in PARENT.items() if name not in left_out}
    other = {**shell, "pid": 8} | ({} if "exec_id" in left_out else {"exec_id": "bjo0NTY6OA=="})
    records = [event("process_exec", process, init) for process in (shell, other, shell)]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, records)))
    import_capture("tetragon", [tmp_path / "t.jsonl"], tmp_path / "c")
    capture = open_capture(tmp_path / "c")
    ids = capture.events().select("pid", "process_id").collect()
    assert ids["process_id"].null_count() == 0
    assert ids.unique().height == 2 and all(check.ok for check in check_capture(capture))


def test_names_of_zeros_are_none(tmp_path: Path):
    pod = {
        "namespace": "\0\0\0",
        "name": "\0\0",
        "container": {"id": "docker://" + "a" * 12, "name": "web\0"},
    }
    row = event("process_exec", {**SHELL, "pod": pod}) | {"node_name": "\0\0\0\0"}
    (told,) = read(tmp_path, row).events.to_dicts()
    names = [told[name] for name in ("host", "namespace", "pod", "container_name", "workload")]
    assert names == ["unknown", None, None, "web", None]
