"""One log of starts of programs per sensor that reports them, as the sensor itself writes it.

Each sensor has its way to say who started whom: by number, by name, by the program that a process
was before, by an entity. Builders take the same starts and write them in that way.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, NamedTuple

ID = "6e" * 32
SHIM = "/usr/bin/containerd-shim"
T0 = 1798793100
Record = dict[str, Any] | str
Builder = Callable[[list["Start"]], list[Record]]


class Start(NamedTuple):
    """A program starts: the second, its process and since when that is there, its parent's program."""

    at: float
    born: float
    pid: int
    ppid: int
    parent: str
    exe: str
    argv: list[str]

    @property
    def name(self) -> str:
        return base(self.exe)

    @property
    def line(self) -> str:
        return " ".join(self.argv)


def base(path: str) -> str:
    return path.rpartition("/")[2]


def ns(second: float) -> int:
    return T0 * 10**9 + int(second * 10**9)


def iso(second: float) -> str:
    return f"2027-01-01T08:45:{int(second):02}.{round(second % 1 * 10**9):09}Z"


def falco(starts: list[Start], *, parents: bool = True) -> list[Record]:
    def fields(n: int, s: Start) -> dict[str, Any]:
        own = {"evt.time": ns(s.at), "evt.num": n, "evt.type": "execve", "evt.rawres": 0, "evt.dir": "<"}
        own |= {"container.id": ID[:12], "container.name": "web", "proc.pid": s.pid, "proc.ppid": s.ppid}
        own |= {"proc.name": s.name, "proc.exepath": s.exe, "proc.cmdline": s.line, "user.uid": 0}
        above = {"proc.pname": base(s.parent), "proc.pexepath": s.parent, "proc.pid.ts": ns(s.born)}
        return {**own, **above} if parents else own

    head = {"hostname": "n", "priority": "Debug", "rule": "r", "source": "syscall", "output": "x"}
    return [{**head, "time": iso(s.at), "output_fields": fields(n, s)} for n, s in enumerate(starts, 1)]


def sysdig(starts: list[Start]) -> list[Record]:
    return [
        {
            "container.id": ID[:12],
            "container.name": "web",
            "evt.dir": "<",
            "evt.num": n,
            "evt.rawtime": ns(s.at),
        }
        | {"evt.args": f"res=0 exe={s.argv[0]} ", "evt.res": "SUCCESS", "evt.type": "execve"}
        | {"proc.cmdline": s.line, "proc.exepath": s.exe, "proc.name": s.name, "proc.pid": s.pid}
        | {"proc.pname": base(s.parent), "proc.ppid": s.ppid, "thread.tid": s.pid, "user.uid": 0}
        for n, s in enumerate(starts, 1)
    ]


def tetragon(starts: list[Start]) -> list[Record]:
    """Each program has an id; the parent of a program that replaced another is that other one."""
    last = {5: {"exec_id": _exec_id(5, 0), "pid": 5, "uid": 0, "binary": SHIM, "start_time": iso(0)}}
    records: list[Record] = []
    for s in starts:
        unseen = {"exec_id": _exec_id(s.ppid, 0.1), "pid": s.ppid, "uid": 0, "binary": s.parent}
        above = last.get(s.pid) or last.setdefault(s.ppid, {**unseen, "start_time": iso(0.1)})
        own = {"exec_id": _exec_id(s.pid, s.at), "pid": s.pid, "uid": 0, "cwd": "/", "binary": s.exe}
        own |= {"arguments": " ".join(s.argv[1:]), "start_time": iso(s.at)}
        flags = "execve" if s.pid in last else "execve clone"
        pod = {"namespace": "shop", "name": "web-0", "container": {"id": f"containerd://{ID}", "name": "web"}}
        process = {**own, "flags": flags, "parent_exec_id": above["exec_id"], "pod": pod, "docker": ID[:31]}
        started = {"process": process, "parent": above}
        records.append({"process_exec": started, "node_name": "n", "time": iso(s.at)})
        last[s.pid] = own
    return records


def _exec_id(pid: int, at: float) -> str:
    return base64.b64encode(f"n:{int(at * 10**9) + 10**12}:{pid}".encode()).decode()


def tracee(starts: list[Start], *, call: bool = False) -> list[Record]:
    """``sched_process_exec`` by the new program's name, the call ``execve`` by the old one's."""
    was: dict[int, str] = {}
    records: list[Record] = []
    for s in starts:
        name = was.get(s.pid, base(s.parent)) if call else s.name
        args = {"cmdpath": s.exe, "pathname": s.exe, "argv": s.argv, "prev_comm": base(s.parent)}
        one = {"timestamp": ns(s.at), "threadStartTime": ns(s.born), "processId": s.pid, "threadId": s.pid}
        one |= {"parentProcessId": s.ppid, "hostProcessId": s.pid + 900, "hostThreadId": s.pid + 900}
        one |= {"hostParentProcessId": s.ppid + 900, "userId": 0, "processName": name, "hostName": "h"}
        one |= {"containerId": ID, "container": {"id": ID, "name": "web"}, "returnValue": 0}
        one |= {"eventId": "0", "eventName": "execve" if call else "sched_process_exec"}
        if not call:
            one |= {"threadEntityId": s.pid + 7, "processEntityId": s.pid + 7, "parentEntityId": s.ppid + 7}
        records.append({**one, "args": [{"name": k, "type": "x", "value": v} for k, v in args.items()]})
        was[s.pid] = s.name
    return records


def tracee_v1beta1(starts: list[Start]) -> list[Record]:
    def workload(s: Start) -> dict[str, Any]:
        thread = {"start_time": iso(s.born), "name": s.name, "host_tid": s.pid + 900, "tid": s.pid}
        above = {"executable": {"path": s.parent}, "unique_id": s.ppid + 7, "host_pid": s.ppid + 900}
        own = {"executable": {"path": s.exe}, "unique_id": s.pid + 7, "host_pid": s.pid + 900, "pid": s.pid}
        process = {**own, "thread": thread, "ancestors": [{**above, "pid": s.ppid}]}
        return {"process": process, "container": {"id": ID, "name": "web"}, "k8s": {}}

    return [
        {"timestamp": iso(s.at), "id": 40, "name": "sched_process_exec", "workload": workload(s)}
        | {"data": [{"name": "pathname", "value": s.exe}, {"name": "argv", "value": s.argv}]}
        for s in starts
    ]


def kubearmor(starts: list[Start], *, alert: bool = False) -> list[Record]:
    policy = {"Type": "MatchedPolicy", "PolicyName": "p", "Severity": "5", "Action": "Audit", "Message": "m"}
    policy |= {"Enforcer": "eBPF Monitor", "Data": "lsm=SECURITY_BPRM_CHECK"}
    return [
        {"Timestamp": int(T0 + s.at), "UpdatedTime": iso(s.at), "ClusterName": "lab", "HostName": "n"}
        | {"HostPPID": s.ppid + 900, "HostPID": s.pid + 900, "PPID": s.ppid, "PID": s.pid, "UID": 0}
        | {"ParentProcessName": s.parent, "ProcessName": s.exe, "Source": s.parent, "Operation": "Process"}
        | {"Resource": " ".join([s.exe, *s.argv[1:]]), "Data": "syscall=SYS_EXECVE", "Result": "Passed"}
        | {"Type": "ContainerLog", "ContainerID": ID, "ContainerName": "web"}
        | (policy if alert else {})
        for s in starts
    ]


def kubescape(starts: list[Start]) -> list[Record]:
    def one(s: Start) -> dict[str, Any]:
        named = {"uid": 0, "gid": 0, "startTime": "0001-01-01T00:00:00Z", "cwd": "/"}
        own = {"pid": s.pid, "cmdline": s.line, "comm": s.name, "ppid": s.ppid, "path": s.exe}
        name = base(s.parent)
        above = {"pid": s.ppid, "cmdline": name, "comm": name, "ppid": 1, "path": s.parent}
        tree = {**named, **above, "childrenMap": {f"{s.name}␟{s.pid}": {**named, **own, "pcomm": name}}}
        did = {"args": [s.exe, *s.argv[1:]], "exec": s.exe, "retval": 0}
        alert = {"alertName": "x", "arguments": did, "infectedPID": s.pid, "timestamp": iso(s.at)}
        where = {"containerName": "web", "containerID": ID}
        return {
            **{"BaseRuntimeMetadata": alert, "CloudMetadata": "null", "RuleID": "R0001"},
            **{"RuntimeK8sDetails": where, "RuntimeProcessDetails": {"processTree": tree}},
            **{"event": {"k8s": {"node": "n"}}, "time": iso(s.at)},
        }

    return [one(s) for s in starts]


def gadget(starts: list[Start]) -> list[Record]:
    return [
        {
            "timestamp": iso(s.at),
            "timestamp_raw": ns(s.at),
            "k8s": {"node": "n"},
            "runtime": {"containerId": ID},
        }
        | {
            "proc": {
                "comm": s.name,
                "pid": s.pid,
                "tid": s.pid,
                "parent": {"comm": base(s.parent), "pid": s.ppid},
            }
        }
        | {"args": s.line, "exepath": s.exe, "error_raw": 0}
        for s in starts
    ]


def auditd(starts: list[Start]) -> list[Record]:
    def lines(n: int, s: Start) -> list[Record]:
        mark = f"msg=audit({T0 + s.at:.3f}:{n}):"
        call = f"ppid={s.ppid} pid={s.pid} uid=0 euid=0 comm={json.dumps(s.name)} exe={json.dumps(s.exe)}"
        argv = " ".join(f'a{n}="{word}"' for n, word in enumerate(s.argv))
        return [
            f"type=SYSCALL {mark} arch=c000003e syscall=59 success=yes exit=0 items=2 {call} key=(null)",
            f"type=EXECVE {mark} argc={len(s.argv)} {argv}",
            f'type=PROCTITLE {mark} proctitle="{base(s.parent)}"',
        ]

    return [line for n, s in enumerate(starts, 100) for line in lines(n, s)]


def laurel(starts: list[Start]) -> list[Record]:
    def call(s: Start) -> dict[str, Any]:
        own = {"arch": "0xc000003e", "success": "yes", "exit": 0, "ppid": s.ppid, "pid": s.pid, "uid": 0}
        return {**own, "comm": s.name, "exe": s.exe, "syscall": 59, "SYSCALL": "execve"}

    return [
        {"ID": f"{T0 + s.at:.3f}:{n}", "SYSCALL": call(s), "EXECVE": {"argc": len(s.argv), "ARGV": s.argv}}
        | {"PROCTITLE": {"ARGV": [base(s.parent)]}, "CONTAINER_INFO": {"ID": ID}}
        for n, s in enumerate(starts, 100)
    ]


def ecs(starts: list[Start], *, action: str = "executed", entities: bool = False) -> list[Record]:
    """Auditbeat's by numbers alone; Elastic's endpoint and SysFlow's exporter name the parent too."""
    last, records = {5: "5"}, list[Record]()
    for s in starts:
        process: dict[str, Any] = {"pid": s.pid, "executable": s.exe, "name": s.name, "args": s.argv}
        above: dict[str, Any] = {"pid": s.ppid}
        if action != "executed":
            above |= {"executable": s.parent, "name": base(s.parent)}
        if entities:
            process |= {"entity_id": f"{s.pid}-{s.at}", "start": iso(s.at)}
            above |= {"entity_id": last.get(s.ppid, f"{s.ppid}-before")}
            last[s.pid] = f"{s.pid}-{s.at}"
        event = {"kind": "event", "category": ["process"], "type": ["start"], "action": action}
        one = {"@timestamp": iso(s.at), "agent": {"type": "a"}, "host": {"hostname": "h"}, "event": event}
        records.append(
            {**one, "process": {**process, "parent": above}, "container": {"id": ID, "name": "web"}}
        )
    return records


def ocsf(starts: list[Start]) -> list[Record]:
    born, records = {5: 0.0, **{s.pid: s.born for s in starts}}, list[Record]()
    for s in starts:

        def process(pid: int, exe: str, line: str) -> dict[str, Any]:
            own = {"pid": pid, "name": base(exe), "cmd_line": line, "file": {"path": exe, "name": base(exe)}}
            return {**own, "created_time": ns(born[pid]) // 10**6, "container": {"uid": ID, "name": "web"}}

        above = process(s.ppid, s.parent, base(s.parent))
        own = {**process(s.pid, s.exe, s.line), "parent_process": above}
        head = {"metadata": {"version": "1.4.0"}, "class_uid": 1007, "activity_id": 1, "status_id": 1}
        when = {"time": ns(s.at) // 10**6, "device": {"hostname": "n"}}
        records.append({**head, **when, "process": own, "actor": {"process": above}})
    return records


def beth(starts: list[Start]) -> list[Record]:
    was, rows = dict[int, str](), list[Record]()
    rows.append(
        "timestamp,processId,threadId,parentProcessId,userId,mountNamespace,processName,hostName,eventId,"
        "eventName,stackAddresses,argsNum,returnValue,args,sus,evil"
    )
    for s in starts:
        args = [
            {"name": "pathname", "type": "x", "value": s.exe},
            {"name": "argv", "type": "x", "value": s.argv},
        ]
        name = was.get(s.pid, base(s.parent))
        rows.append(f'{2000 + s.at},{s.pid},{s.pid},{s.ppid},0,4026,{name},h,59,execve,[],2,0,"{args!r}",0,0')
        was[s.pid] = s.name
    return rows


def bpftrace(starts: list[Start]) -> list[Record]:
    was, rows = dict[int, str](), list[Record]()
    for s in starts:
        at, name = int(s.at * 10**9), was.get(s.pid, base(s.parent))
        for kind, late, comm, rest in (
            ("exec", 0, name, [int(s.born * 10**9), s.exe]),
            ("argv", 5, s.name, [0, s.line]),
        ):
            head = [kind, at + late, s.pid, s.pid, s.ppid, 0, 77, 4026, comm]
            rows.append({"type": "printf", "data": "\x1f".join(map(str, [*head, *rest])) + "\n"})
        was[s.pid] = s.name
    return rows
