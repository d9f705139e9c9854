"""KubeArmor's logs of 2021: the call stands in the resource or nowhere, who called is one name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors import SENSORS, Reading
from rtml.captures.sensors.recognise import beginning, recognise

LOG = {
    "UpdatedTime": "2021-03-23T12:01:28.661031Z",
    "HostName": "node-a",
    "NamespaceName": "shop",
    "PodName": "web-cb98b57c-6255h",
    "ContainerID": "7a" * 32,
    "ContainerName": "k8s_server_web-cb98b57c-6255h_shop_57402aec-19ae-4119-a090-fa3d223cea11_745",
    "HostPID": 13734,
    "PPID": 1,
    "PID": 17,
    "UID": 0,
    "Type": "SystemLog",
    "Source": "/bin/bash",
}
IN = "sa_family=AF_INET sin_port=80 sin_addr=10.0.0.1"


def log(operation: str, resource: str, data: str, result: str = "Passed", **more: Any) -> dict[str, Any]:
    return {**LOG, "Operation": operation, "Resource": resource, "Data": data, "Result": result, **more}


def read(folder: Path, *records: dict[str, Any]) -> Reading:
    (folder / "k.jsonl").write_text("\n".join(map(json.dumps, records)))
    return SENSORS["kubearmor"].read(folder / "k.jsonl")


EVENTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "call in the place of the file": (
        log("File", "SYS_CLOSE", "fd=6", "Bad file descriptor"),
        {"kind": "syscall", "request": "close", "path": None, "result": -9, "exe": "/bin/bash"},
    ),
    "file without its call": (
        log("File", "/tmp/x", "fd=-100 flags=O_WRONLY|O_CREAT", "Permission denied"),
        {"kind": "open", "path": "/tmp/x", "flags": "O_WRONLY|O_CREAT", "wrote": False, "result": -13},
    ),
    "file of that name": (
        log("File", "SYS_CLOSE", "syscall=SYS_OPEN flags=O_RDONLY"),
        {"kind": "open", "path": "SYS_CLOSE"},
    ),
    "exec": (
        log("Process", "/bin/sleep 1", ""),
        {"kind": "exec", "exe": "/bin/sleep", "cmdline": "/bin/sleep 1", "comm": "sleep", "ppid": None},
    ),
    "exec that a policy refused": (
        log("Process", "/bin/sleep 1", "", "Permission denied", Type="PolicyMatched", Source="bash"),
        {"kind": "exec", "result": -13, "path": "/bin/sleep", "exe": None, "comm": "bash"},
    ),
    "program of no path": (
        log("File", "/etc/a", "flags=O_RDONLY", Source="runc:[1:CHILD]"),
        {"exe": None, "comm": "runc:[1:CHILD]"},
    ),
    "native policy": (log("File", "/a", "flags=O_RDONLY", Type="MatchedNativePolicy"), {"kind": "open"}),
    "connection": (
        log("Network", f"syscall=SYS_CONNECT {IN}", "fd=3", "Operation now in progress"),
        {"kind": "connect", "dst_ip": "10.0.0.1", "dst_port": 80, "direction": "outbound", "result": -115},
    ),
    "connection, its address among the data": (
        log("Network", "SYS_CONNECT", f"fd=3 {IN}"),
        {"kind": "connect", "dst_ip": "10.0.0.1", "dst_port": 80},
    ),
    "bound": (log("Network", f"syscall=SYS_BIND {IN}", "fd=3"), {"kind": "bind", "src_port": 80}),
    "listens": (log("Network", "syscall=SYS_LISTEN", "fd=3"), {"kind": "listen"}),
    "unix": (
        log("Network", "syscall=SYS_CONNECT sa_family=AF_UNIX sun_path=/run/x", "fd=3"),
        {"kind": "connect", "socket_path": "/run/x", "dst_ip": None},
    ),
    "socket": (
        log("Network", "syscall=SYS_SOCKET domain=AF_INET type=SOCK_RAW protocol=1", ""),
        {"kind": "syscall", "request": "socket"},
    ),
    "error by its number alone": (
        log("File", "/a", "flags=O_WRONLY", "Unknown (-85)"),
        {"result": -85, "wrote": False},
    ),
    "host": (
        log("File", "/a", "flags=O_RDONLY", Type="HostLog", PID=13734, ContainerID="", PodName=""),
        {"ppid": 1, "pid": 13734, "container_id": None},
    ),
    "not discovered": (
        log(
            "File",
            "/a",
            "",
            **dict.fromkeys(("NamespaceName", "PodName", "ContainerName"), "NOT_DISCOVERED_YET"),
        ),
        {"container_name": None, "pod": None, "namespace": None, "workload": None},
    ),
    "names": (
        log("File", "/a", ""),
        {"container_name": "server", "pod": "web-cb98b57c-6255h", "workload": "shop/web/server"},
    ),
}


@pytest.mark.parametrize("name", EVENTS)
def test_each_log_says_what_newer_ones_do(name: str, tmp_path: Path):
    record, wanted = EVENTS[name]
    (row,) = read(tmp_path, record).events.to_dicts()
    assert {column: row[column] for column in wanted} == wanted
    assert row["time"].isoformat() == "2021-03-23T12:01:28.661031+00:00"


def test_both_spellings_are_recognised_and_say_the_same(tmp_path: Path):
    special = {"HostPID": "hostPid", "PPID": "ppid", "PID": "pid", "UID": "uid"}
    newer = log("Process", "/bin/sleep 1", "", Type="PolicyMatched")
    older = {special.get(name, name[0].lower() + name[1:]): value for name, value in newer.items()}
    one, two = read(tmp_path, newer, older).events.to_dicts()
    assert one == two and one["exe"] == "/bin/sleep"
    for record in (newer, older):
        (tmp_path / "one.jsonl").write_text(json.dumps(record))
        assert recognise(beginning(tmp_path / "one.jsonl")) == "kubearmor"
    import_capture("auto", [tmp_path / "one.jsonl"], tmp_path / "c")
    assert open_capture(tmp_path / "c").events().collect().height == 1
