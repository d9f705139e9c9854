"""The same acts as three sensors write them down."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.watching.acts import BEGIN, CONTAINERS, Act

_BOOT = 5_000_000_000_000
_FALCO = {"exec": "execve", "open": "openat", "connect": "connect", "accept": "accept4", "fork": "clone",
          "exit": "procexit"}  # fmt: skip


def write_log(sensor: str, folder: Path, acts: Iterable[Act]) -> list[bytes]:
    """Write what a sensor needs beside its log into a folder; return the lines of the log."""
    folder.mkdir(parents=True, exist_ok=True)
    if sensor == "bpftrace":
        (folder / "sitting.json").write_text(json.dumps(_sitting()))
    return [line for act in acts for line in WRITERS[sensor](act)]


def _ns(second: float) -> int:
    return round(BEGIN.timestamp()) * 10**9 + round(second * 1e9)


def _id(container: str) -> str:
    return f"{CONTAINERS.index(container) + 10:02x}" * 32


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record).encode() + b"\n"


def _falco(act: Act) -> list[bytes]:
    fields: dict[str, Any] = {
        "evt.time": _ns(act.second), "evt.type": _FALCO[act.kind], "container.full_id": _id(act.container),
        "container.id": _id(act.container)[:12], "container.name": act.container,
        "container.image.repository": f"shop/{act.container[:3]}", "container.image.tag": "1",
        "proc.pid": act.host_pid, "proc.ppid": act.host_ppid, "proc.vpid": act.pid,
        "proc.pid.ts": _ns(act.started), "proc.ppid.ts": _ns(act.parent_started),
        "proc.name": act.exe.rsplit("/", 1)[-1][:15], "proc.exepath": act.exe,
        "proc.cmdline": act.cmdline or act.exe, "user.uid": act.uid, "evt.rawres": 0, "evt.dir": "<",
    }  # fmt: skip
    if act.kind == "open":
        flags = "O_WRONLY|O_CREAT" if act.wrote else "O_RDONLY"
        fields |= {"fd.name": act.to, "fd.type": "file", "evt.arg.flags": flags, "evt.rawres": 3}
    elif act.kind == "connect":
        fields |= {"fd.name": f"10.1.0.1:40000->{act.to}:{act.port}", "fd.type": "ipv4", "fd.lip": "10.1.0.1",
                   "fd.lport": 40000, "fd.rip": act.to, "fd.rport": act.port}  # fmt: skip
    elif act.kind == "accept":
        fields |= {"fd.name": f"{act.to}:{act.port}->10.1.0.1:80", "fd.type": "ipv4", "fd.cip": act.to,
                   "fd.cport": act.port, "fd.sip": "10.1.0.1", "fd.sport": 80}  # fmt: skip
    elif act.kind == "fork":
        fields["evt.rawres"] = int(act.to)
    time = (BEGIN + dt.timedelta(seconds=act.second)).isoformat().replace("+00:00", "Z")
    record = {"hostname": "node-a", "output": "rtml events", "output_fields": fields, "priority": "Debug",
              "rule": "rtml events", "source": "syscall", "time": time}  # fmt: skip
    return [_line(record)]


def _tetragon(act: Act) -> list[bytes]:
    if act.kind == "fork":
        return []  # it tells of a process when that runs a program
    own, parent = _exec_id(act.host_pid, act.started), _exec_id(act.host_ppid, act.parent_started)
    process = {
        "exec_id": own, "parent_exec_id": parent, "pid": act.host_pid, "uid": act.uid, "binary": act.exe,
        "arguments": act.cmdline.partition(" ")[2], "start_time": _iso(act.started), "flags": "execve",
        "docker": _id(act.container)[:31],
        "pod": {
            "namespace": "shop", "name": act.container, "workload": act.container[:3],
            "container": {"id": f"containerd://{_id(act.container)}", "name": act.container[:3],
                          "image": {"name": f"shop/{act.container[:3]}:1"}},
        },
    }  # fmt: skip
    above = {
        "exec_id": parent,
        "pid": act.host_ppid,
        "binary": "/init",
        "start_time": _iso(act.parent_started),
    }
    record: dict[str, Any] = {"process": process, "parent": above}
    kind = {"exec": "process_exec", "exit": "process_exit"}.get(act.kind, "process_kprobe")
    if kind == "process_kprobe":
        record |= _kprobe(act)
    return [_line({kind: record, "node_name": "node-a", "time": _iso(act.second)})]


def _kprobe(act: Act) -> dict[str, Any]:
    if act.kind == "open":
        flags = 65 if act.wrote else 0
        args = [{"int_arg": -100}, {"string_arg": act.to}, {"int_arg": flags}, {"int_arg": 420}]
        return {"function_name": "__x64_sys_openat", "args": args}
    ends = {
        "daddr": act.to,
        "dport": act.port,
        "saddr": "10.1.0.1",
        "sport": 40000,
        "protocol": "IPPROTO_TCP",
    }
    name = "tcp_connect" if act.kind == "connect" else "inet_csk_accept"
    return {"function_name": name, "args": [{"sock_arg": ends}]}


def _exec_id(pid: int, started: float) -> str:
    return base64.b64encode(f"node-a:{_ns(started)}:{pid}".encode()).decode()


def _iso(second: float) -> str:
    return (BEGIN + dt.timedelta(seconds=second)).isoformat().replace("+00:00", "Z")


def _bpftrace(act: Act) -> list[bytes]:
    number = CONTAINERS.index(act.container)
    at, comm = _BOOT + round(act.second * 1e9), act.exe.rsplit("/", 1)[-1][:15]
    who = [
        at,
        act.host_pid,
        act.host_pid,
        act.host_ppid,
        act.uid,
        2000 + number,
        4_026_532_600 + number,
        comm,
    ]
    if act.kind == "exec":
        words = (act.cmdline or act.exe).split()
        line = "".join(f"{word}\\x00" for word in words)
        return [
            _printf("exec", *who, _BOOT + round(act.started * 1e9), act.exe),
            _printf("argv", *who, len("".join(words)) + len(words), line),
        ]
    more: dict[str, Callable[[], list[Any]]] = {
        "open": lambda: [3, 577 if act.wrote else 524288, -100, act.to],
        "fork": lambda: [act.to],
        "exit": lambda: [0],
        "connect": lambda: [0, 16, _address(act)],
        "accept": lambda: [10, _address(act)],
    }
    return [_printf(act.kind, *who, *more[act.kind]())]


def _address(act: Act) -> str:
    parts = [2, 0, act.port // 256, act.port % 256, *map(int, act.to.split(".")), *[0] * 8]
    return "".join(f"\\x{part:02x}" for part in parts)


def _printf(*fields: Any) -> bytes:
    return _line({"type": "printf", "data": "\x1f".join(map(str, fields)) + "\n"})


def _sitting() -> dict[str, Any]:
    begin = _ns(0)
    containers = {
        name: {
            "id": _id(name), "image": f"shop/{name[:3]}:1", "workload": name[:3], "cgroup_v2_id": 2000 + n,
            "pidns": 4_026_532_600 + n, "role": "workload",
            "started": {"unix_ns": begin - 10**9, "boot_ns": _BOOT - 10**9},
        }
        for n, name in enumerate(CONTAINERS)
    }  # fmt: skip
    clock = {"unix_ns": begin, "boot_ns": _BOOT}
    return {"clock_start": clock, "host": {"hostname": "node-a"}, "containers": containers}


WRITERS: dict[str, Callable[[Act], list[bytes]]] = {
    "bpftrace": _bpftrace,
    "falco": _falco,
    "tetragon": _tetragon,
}
"""How each sensor writes an act."""
