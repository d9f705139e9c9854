"""The name in an event of a start is the new program's, parents have their own: in every sensor's log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors import SENSORS, Reading, Sensor
from rtml.captures.sensors.generic import generic
from rtml.rules import load_pack
from rtml.rules.running.evaluate import evaluate
from tests.captures.conftest import Record, oid, write_records
from tests.rules import exec_logs as logs
from tests.rules.exec_logs import ID, SHIM, T0, Start

NGINX, SH = "/usr/sbin/nginx", "/bin/sh"
STARTS = [
    Start(1, 0.5, 110, 5, SHIM, NGINX, ["nginx"]),
    Start(2, 1.9, 120, 110, NGINX, SH, ["sh", "-c", "web-shell"]),
    # by way of another program, in the same process
    Start(3, 2.9, 130, 110, NGINX, "/usr/bin/env", ["env", "sh"]),
    Start(4, 2.9, 130, 110, NGINX, SH, ["sh", "-c", "in-place"]),
    # a shell below a shell, beside a server that it started
    Start(5, 4.5, 210, 5, SHIM, SH, ["sh", "/entry.sh"]),
    Start(6, 5.9, 220, 210, SH, "/bin/bash", ["bash", "-c", "below-a-shell"]),
    Start(7, 6.9, 230, 210, SH, NGINX, ["nginx"]),
    # a shell that becomes the server, and a shell beside it
    Start(8, 7.5, 310, 5, SHIM, SH, ["sh", "becomes"]),
    Start(9, 7.5, 310, 5, SHIM, NGINX, ["nginx"]),
    Start(10, 9.5, 320, 5, SHIM, SH, ["sh", "beside"]),
    # of a process that becomes a server only afterwards, and whose own start is older than the log
    Start(11, 10.9, 350, 340, SH, SH, ["sh", "before"]),
    Start(12, 0.4, 340, 5, SHIM, NGINX, ["nginx"]),
]
(RULE,) = (rule for rule in load_pack("container")[0] if Path(rule.source).stem == "shell_under_web_server")
FORMS: dict[str, tuple[str, logs.Builder]] = {
    "falco": ("falco", logs.falco),
    "falco without parents": ("falco", partial(logs.falco, parents=False)),
    "sysdig": ("sysdig", logs.sysdig),
    "tetragon": ("tetragon", logs.tetragon),
    "tracee": ("tracee", logs.tracee),
    "tracee's call": ("tracee", partial(logs.tracee, call=True)),
    "tracee v1beta1": ("tracee", logs.tracee_v1beta1),
    "kubearmor": ("kubearmor", logs.kubearmor),
    "kubearmor's alert": ("kubearmor", partial(logs.kubearmor, alert=True)),
    "kubescape": ("kubescape", logs.kubescape),
    "inspektor-gadget": ("inspektor-gadget", logs.gadget),
    "auditd": ("auditd", logs.auditd),
    "laurel": ("laurel", logs.laurel),
    "ecs auditbeat": ("ecs", logs.ecs),
    "ecs endpoint": ("ecs", partial(logs.ecs, action="exec", entities=True)),
    "ecs sysflow": ("ecs", partial(logs.ecs, action="process-start")),
    "ocsf": ("ocsf", logs.ocsf),
    "beth": ("beth", logs.beth),
    "bpftrace": ("bpftrace", logs.bpftrace),
}
MAPPING = """
time: {column: at, format: iso}
kind: exec
columns: {exe: exe, cmdline: line, pid: pid, ppid: ppid, container_id: id, host: host}
"""


@pytest.mark.parametrize("form", FORMS)
def test_a_web_shell_is_seen_and_none_is_invented(form: str, tmp_path: Path):
    name, build = FORMS[form]
    path = tmp_path / {"beth": "p.csv", "inspektor-gadget": "trace_exec.jsonl"}.get(name, "log")
    starts = STARTS[:-2] if name == "tetragon" else STARTS
    records = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in build(starts)]
    path.write_text("".join(one + "\n" for one in records))
    if name == "bpftrace":
        web = {"id": ID, "pidns": 4026, "cgroup_v2_id": 77, "image": "x", "started": {"boot_ns": 1}}
        clock = {"unix_ns": T0 * 10**9, "boot_ns": 0}
        (tmp_path / "sitting.json").write_text(json.dumps({"clock_start": clock, "containers": {"web": web}}))
    sensor = SENSORS[name]
    assert shells(path, in_a_container(sensor) if name == "auditd" else sensor) == ["in-place", "web-shell"]


def test_the_same_in_sysflow_and_in_rows_of_any_tool(tmp_path: Path):
    assert shells(sysflow(tmp_path / "x.sf", STARTS[:-2]), SENSORS["sysflow"]) == ["in-place", "web-shell"]
    rows = [
        {
            "at": logs.iso(s.at),
            "exe": s.exe,
            "line": s.line,
            "pid": s.pid,
            "ppid": s.ppid,
            "id": ID,
            "host": "h",
        }
        for s in STARTS
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "m.yml").write_text(MAPPING)
    assert shells(tmp_path / "rows.jsonl", generic(tmp_path / "m.yml")) == ["in-place", "web-shell"]


def sysflow(path: Path, starts: list[Start]) -> Path:
    def records() -> Iterator[Record]:
        yield "SFHeader", {"version": 4, "exporter": "n"}
        yield "Container", {"id": ID[:12], "name": "web", "image": "x", "imageid": "x"}
        for s in starts:
            above = oid(s.ppid, T0 * 10**9) if s.ppid != 5 else None
            own = {
                "oid": oid(s.pid, T0 * 10**9),
                "poid": above,
                "containerId": ID[:12],
                "uid": 0,
                "ts": logs.ns(s.at),
            }
            yield "Process", {**own, "exe": s.exe, "exeArgs": " ".join(s.argv[1:]), "entry": above is None}
            did = {"procOID": own["oid"], "ts": logs.ns(s.at), "tid": s.pid, "opFlags": 2, "ret": 0}
            yield "ProcessEvent", {**did, "args": s.argv[1:]}

    return write_records(path, records())


def in_a_container(sensor: Sensor) -> Sensor:
    """Let a log that names no container be of one."""

    def read(path: Path) -> Reading:
        reading = sensor.read(path)
        return replace(reading, events=reading.events.with_columns(container_id=pl.lit(ID)))

    return replace(sensor, read=read)


def shells(path: Path, sensor: Sensor) -> list[str]:
    """Return what the shells that the rule found were started for."""
    manifest = import_capture(sensor, [path], path.parent / f"{path.stem}-capture")
    assert manifest.rejected == 0 and manifest.events >= len(STARTS) - 2
    capture = open_capture(path.parent / f"{path.stem}-capture")
    hits = evaluate(capture, [RULE]).hits.select(pl.col("host").cast(pl.String), "seq")
    events = capture.events(["host", "seq", "cmdline"]).collect().with_columns(pl.col("host").cast(pl.String))
    lines = events.join(hits, on=["host", "seq"])["cmdline"].cast(pl.String)
    return sorted(line.split()[-1] for line in lines)
