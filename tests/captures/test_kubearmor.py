"""KubeArmor: what its texts say of each operation, of containers and of hosts, in both spellings."""

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

LOG = {
    "Timestamp": 1798793100,
    "UpdatedTime": "2027-01-01T08:45:00.250001Z",
    "HostName": "n",
    "HostPPID": 1,
    "HostPID": 7,
    "PID": 7,
    "UID": 0,
    "ParentProcessName": "/bin/bash",
    "ProcessName": "/usr/bin/x",
    "Type": "ContainerLog",
    "Source": "/usr/bin/x -v",
    "Result": "Passed",
}


def log(operation: str, resource: str, data: str, **more: Any) -> dict[str, Any]:
    return {**LOG, "Operation": operation, "Resource": resource, "Data": data, **more}


def read(folder: Path, *records: dict[str, Any]) -> Reading:
    (folder / "k.jsonl").write_text("\n".join(map(json.dumps, records)))
    return SENSORS["kubearmor"].read(folder / "k.jsonl")


EVENTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "exec": (
        log("Process", "/usr/bin/x -v", "syscall=SYS_EXECVE", Source="/bin/bash"),
        {
            "kind": "exec",
            "exe": "/usr/bin/x",
            "cmdline": "/usr/bin/x -v",
            "result": 0,
            "uid": 0,
            "path": None,
        },
    ),
    "blocked exec": (
        log("Process", "/usr/bin/x -v", "lsm=SECURITY_BPRM_CHECK", Result="Permission denied"),
        {"kind": "exec", "exe": "/bin/bash", "path": "/usr/bin/x", "result": -13},
    ),
    "exec of which no call is told": (log("Process", "/usr/bin/x", ""), {"kind": "exec", "result": 0}),
    "open": (
        log("File", "/a b", "syscall=SYS_OPENAT fd=-100 flags=O_WRONLY|O_CREAT"),
        {
            "kind": "open",
            "path": "/a b",
            "flags": "O_WRONLY|O_CREAT",
            "wrote": True,
            "cmdline": "/usr/bin/x -v",
        },
    ),
    "refused open": (
        log("File", "/a", "syscall=SYS_OPEN flags=O_RDWR", Result="No such file or directory"),
        {"result": -2, "wrote": False},
    ),
    "unlink": (
        log("File", "/a", "syscall=SYS_UNLINKAT flags="),
        {"kind": "unlink", "path": "/a", "flags": None},
    ),
    "rmdir": (
        log("Syscall", "/a", "syscall=SYS_RMDIR"),
        {"kind": "unlink", "request": "rmdir", "path": "/a"},
    ),
    "connect": (
        log("Network", "sin_port=443 sa_family=AF_INET sin_addr=9.9.9.9", "syscall=SYS_CONNECT fd=3"),
        {"kind": "connect", "dst_ip": "9.9.9.9", "dst_port": 443, "direction": "outbound", "path": None},
    ),
    "probe": (
        log("Network", "remoteip=9.9.9.9 port=443 protocol=TCP", "kprobe=tcp_connect domain=AF_INET"),
        {"kind": "connect", "dst_ip": "9.9.9.9", "protocol": "tcp", "domain": None},
    ),
    "accepted": (
        log("Network", "remoteip=9.9.9.9 port=5 protocol=TCP", "kprobe=tcp_accept domain=AF_INET"),
        {"kind": "accept", "src_ip": "9.9.9.9", "src_port": None, "dst_ip": None, "dst_port": 5},
    ),
    "bind": (
        log("Network", "sa_family=AF_INET6 sin6_addr=:: sin6_port=80", "syscall=SYS_BIND fd=3"),
        {"kind": "bind", "src_ip": "::", "src_port": 80, "dst_port": None},
    ),
    "unix": (
        log("Network", "sun_path=/run/x sa_family=AF_UNIX", "syscall=SYS_CONNECT fd=3"),
        {"protocol": "unix", "socket_path": "/run/x", "dst_ip": None},
    ),
    "name": (
        log(
            "Network",
            "sa_family=AF_INET sin_port=53",
            "kfunc=UDP_SENDMSG,domain=A.example.,daddr=1.1.1.1,qtype=A",
        ),
        {"kind": "dns", "domain": "a.example", "query_type": "A", "dst_ip": "1.1.1.1", "dst_port": 53},
    ),
    "refused name": (
        log("Network", "a.example", "lsm=SOCKET_SENDMSG domain=b.a.example", Result="Permission denied"),
        {"kind": "dns", "domain": "b.a.example", "result": -13},
    ),
    "no name": (log("Network", "x", "lsm=SOCKET_SENDMSG"), {"kind": "syscall", "request": "socket_sendmsg"}),
    "socket": (
        log("Network", "domain=AF_INET type=SOCK_RAW protocol=ICMP", "syscall=SYS_SOCKET"),
        {"kind": "syscall", "request": "socket", "protocol": "icmp"},
    ),
    "ptrace": (
        log("Process", "/b", "syscall=SYS_PTRACE request=PTRACE_ATTACH pid=12 process=/b"),
        {"kind": "ptrace", "request": "PTRACE_ATTACH", "target_pid": 12, "path": "/b"},
    ),
    "setuid": (log("Syscall", "", "syscall=SYS_SETUID userid=0"), {"kind": "setuid", "euid": 0}),
    "setgid": (log("Syscall", "", "syscall=SYS_SETGID userid=0"), {"kind": "setuid", "euid": None}),
    "mount": (log("Syscall", "", "syscall=SYS_MOUNT source=x target=/mnt filesystem="), {"path": "/mnt"}),
    "capability": (log("Capabilities", "net_raw", ""), {"kind": "syscall", "request": "capabilities"}),
    "parts": (
        log("File", "/a", "", EventData={"Syscall": "SYS_OPEN", "Flags": "O_RDWR"}),
        {"kind": "open", "flags": "O_RDWR"},
    ),
    "no uid": (log("File", "/a", "", UID=None), {"uid": None, "kind": "open"}),
    "other message": (log("File", "/a", "", Result="Unknown error 9999"), {"result": None}),
    "numbers with a point": (log("File", "/a", "", HostPID=7.0, HostPPID=1.0), {"pid": 7, "ppid": 1}),
    "folder": (log("File", "/a", "", Cwd="/root/", TTY="pts0"), {"cwd": "/root", "tty": "pts0"}),
    "root": (log("File", "/a", "", Cwd="//"), {"cwd": "/"}),
}


@pytest.mark.parametrize("name", EVENTS)
def test_each_operation_is_an_event_with_what_it_has(name: str, tmp_path: Path):
    record, wanted = EVENTS[name]
    (row,) = read(tmp_path, record).events.to_dicts()
    assert {column: row[column] for column in wanted} == wanted


def test_both_spellings_say_the_same(tmp_path: Path):
    newer = log(
        "File", "/a", "syscall=SYS_OPEN flags=O_RDWR", ContainerID="6e" * 32, PodName="web-0", TTY="x"
    )
    special = {"HostPPID": "hostPPid", "HostPID": "hostPid", "PID": "pid", "UID": "uid", "TTY": "tty"}
    older = {special.get(name, name[0].lower() + name[1:]): value for name, value in newer.items()}
    one, two = read(tmp_path, newer, older).events.to_dicts()
    assert one == two and one["pid"] == 7 and one["tty"] == "x"


def test_the_finer_of_two_times_counts_and_none_is_refused(tmp_path: Path):
    coarse = log("File", "/a", "", UpdatedTime=None)
    reading = read(tmp_path, log("File", "/a", ""), coarse, {**coarse, "Timestamp": 0})
    assert reading.events["time"].dt.epoch("us").to_list() == [1798793100250001, 1798793100000000]
    assert reading.rejects["line"].to_list() == [3]


def test_the_owner_is_the_workload(tmp_path: Path):
    place = {"NamespaceName": "s", "PodName": "odd-name", "ContainerName": "c"}
    owner = {"Owner": {"Ref": "Deployment", "Name": "web", "Namespace": "s"}}
    events = read(tmp_path, log("File", "/a", "", **place), log("File", "/a", "", **place, **owner)).events
    assert events["workload"].to_list() == ["s/odd-name/c", "s/web/c"]


def test_throttling_is_a_loss_whose_size_is_not_known(tmp_path: Path):
    notice = {"Timestamp": 1798793100, "HostName": "n", "Type": "SystemEvent", "Operation": "AlertThreshold"}
    reading = read(tmp_path, log("File", "/a", ""), notice)
    assert reading.records == 1 == sum(reading.beside.values())
    assert [(loss.host, loss.count) for loss in reading.lost] == [("n", 0)]


def test_rules_find_what_the_sample_tells(tmp_path: Path):
    import_capture("auto", [DATA / "kubearmor"], tmp_path / "c")
    capture = open_capture(tmp_path / "c")
    assert run_rules(capture).findings().height >= 2
    tool = capture.processes().filter(pl.col("exe") == "/tmp/.t").collect()
    assert tool["ancestors"].to_list()[0][:2] == ["/bin/sh", "/usr/local/bin/node"]


def test_real_logs_are_all_accounted_for(shared: Path):
    reading = SENSORS["kubearmor"].read(shared / "kubearmor/events.jsonl")
    assert (reading.records, reading.events.height, dict(reading.beside)) == (32, 28, {})
    assert reading.rejects["line"].to_list() == [9, 10, 11, 12], "documentation shows these without a time"
    assert reading.events["kind"].value_counts().sort("kind").rows() == [
        ("dns", 6),
        ("exec", 11),
        ("open", 4),
        ("setuid", 1),
        ("syscall", 1),
        ("unlink", 5),
    ]
    assert reading.events["container_id"].drop_nulls().str.len_chars().unique().to_list() == [64]
    assert reading.events["container_id"].null_count() == 4
    assert reading.events["ppid"].null_count() == 2
