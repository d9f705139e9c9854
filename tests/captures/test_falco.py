"""Falco: what each kind of alert becomes, what is lost, what is not about a system call."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors import SENSORS, Reading
from rtml.captures.sensors.choosing import choose
from rtml.captures.sensors.falco.fields import FIELDS
from rtml.captures.sensors.records import tables
from rtml.captures.sensors.records.blocks import blocks
from rtml.findings.importing import read_alerts
from rtml.reading.user_yaml import read_yaml
from rtml.rules import run_rules
from tests.conftest import REPOSITORY
from tests.samples import DATA

TIME = "2027-01-01T08:45:00.5Z"


def read(folder: Path, *alerts: dict[str, Any]) -> Reading:
    lines = []
    for fields in alerts:
        top = {"rule": "r", "priority": "Debug", "time": TIME, "hostname": "h"}
        top |= {name: fields.pop(name) for name in [*top, "source"] if name in fields}
        lines.append(json.dumps({**top, "output_fields": fields}))
    (folder / "falco.jsonl").write_text("\n".join(lines))
    return SENSORS["falco"].read(folder / "falco.jsonl")


def one(folder: Path, **fields: Any) -> dict[str, Any]:
    (row,) = read(
        folder, {name.replace("__", "."): value for name, value in fields.items()}
    ).events.to_dicts()
    return row


@pytest.mark.parametrize("path", ["/tmp/a->b", "/tmp/a:1->10.0.0.2:443", "/tmp/1.2.3.4:80", "/->/x"])
@pytest.mark.parametrize("fields", [{}, {"fd__type": "file"}])
def test_a_file_may_be_called_like_a_connection(path: str, fields: dict[str, Any], tmp_path: Path):
    found = one(tmp_path, evt__type="openat", fd__name=path, evt__arg__flags="O_RDONLY", **fields)
    assert (found["path"], found["dst_ip"], found["protocol"]) == (path, None, None)


KINDS = {
    "execve": (
        {"evt.rawres": 0, "proc.exepath": "/bin/id"},
        {"kind": "exec", "exe": "/bin/id", "path": None},
    ),
    "execveat": (
        {"evt.res": "ENOENT", "evt.args": "filename=/x "},
        {"kind": "exec", "result": -2, "path": "/x"},
    ),
    "clone3": ({"evt.rawres": 9, "proc.pid": 5, "proc.vpid": 5}, {"kind": "fork", "target_pid": 9}),
    "clone": ({"evt.rawres": 0}, {"kind": "syscall", "request": "clone"}),
    "fork": ({"evt.rawres": 9, "proc.pid": 5, "proc.vpid": 2}, {"kind": "fork", "target_pid": None}),
    "vfork": ({"evt.rawres": 9, "evt.arg.flags": "CLONE_THREAD|CLONE_VM"}, {"kind": "syscall"}),
    "procexit": ({"proc.pid": 5, "thread.tid": 5}, {"kind": "exit", "result": None}),
    "openat2": (
        {"fd.name": "/a", "evt.arg.flags": "O_RDWR", "evt.rawres": 3},
        {"kind": "open", "wrote": True},
    ),
    "open": ({"fs.path.name": "/a", "evt.is_open_write": False}, {"path": "/a", "wrote": False}),
    "creat": ({"fs.path.name": "/a", "evt.rawres": -13}, {"kind": "create", "wrote": False, "result": -13}),
    "accept": (
        {"fd.name": "1.2.3.4:5->6.7.8.9:80"},
        {"src_ip": "1.2.3.4", "dst_port": 80, "direction": "inbound"},
    ),
    "connect": (
        {"fd.type": "unix", "fd.name": "ffff9->ffff8 /run/x.sock"},
        {"protocol": "unix", "socket_path": "/run/x.sock", "dst_ip": None},
    ),
    "bind": ({"fd.name": "0.0.0.0:4444"}, {"kind": "bind", "src_ip": "0.0.0.0", "src_port": 4444}),
    "sendto": (
        {"fd.rip": "9.9.9.9", "fd.rport": 53},
        {"kind": "syscall", "request": "sendto", "dst_port": 53},
    ),
    "renameat2": ({"fs.path.source": "/a", "fs.path.target": "/b"}, {"path": "/a", "path_to": "/b"}),
    "symlink": (
        {"evt.args": "res=0 target=/a linkpath=/b(/b) "},
        {"kind": "link", "path": "/a", "path_to": "/b"},
    ),
    "unlink": ({"fs.path.name": "/a"}, {"kind": "unlink", "path": "/a", "request": "unlink"}),
    "chmod": ({"evt.arg.mode": "0755", "fs.path.name": "/a"}, {"kind": "chmod", "mode": 0o755}),
    "mount": ({"evt.args": "dev=x dir=/mnt type=tmpfs"}, {"kind": "mount", "path": "/mnt"}),
    "memfd_create": ({"evt.args": "fd=3 name=m flags=0"}, {"kind": "memfd", "path": "memfd:m"}),
    "ptrace": ({"evt.arg.request": "PTRACE_POKETEXT"}, {"kind": "ptrace", "request": "PTRACE_POKETEXT"}),
    "finit_module": ({}, {"kind": "module_load"}),
    "setns": ({}, {"kind": "setns", "request": "setns"}),
    "getpid": ({"evt.rawres": 7}, {"kind": "syscall", "request": "getpid", "result": 0}),
    None: ({"proc.cmdline": "sh"}, {"kind": "syscall", "request": None, "cmdline": "sh"}),
}


@pytest.mark.parametrize("call", KINDS, ids=str)
def test_each_call_is_an_event_with_what_it_has(call: str | None, tmp_path: Path):
    fields, wanted = KINDS[call]
    event = one(tmp_path, evt__type=call, **{name.replace(".", "__"): v for name, v in fields.items()})
    assert {name: event[name] for name in wanted} == wanted


@pytest.mark.parametrize("time", [1798793100500000000, "1798793100500000000"])
def test_the_time_is_read_in_each_spelling(time: object, tmp_path: Path):
    event = one(tmp_path, time=None, evt__time=time)
    assert event["time"] == one(tmp_path)["time"]


@pytest.mark.parametrize("nothing", [None, "", "<NA>"])
def test_what_is_not_known_is_null(nothing: object, tmp_path: Path):
    names = {name.replace(".", "__"): nothing for name in FIELDS if "." in name and name != "evt.type"}
    event = one(tmp_path, evt__type="open", **names)
    told = {name for name, value in event.items() if value is not None}
    assert told == {"time", "kind", "sensor", "host"}


@pytest.mark.parametrize("pid", [18446744073670260079, -1, "x", 2**40, [1], {"a": 1}])
def test_absurd_numbers_are_null_and_never_others(pid: object, tmp_path: Path):
    event = one(tmp_path, proc__pid=pid, proc__ppid=pid, user__uid=pid, evt__type="open")
    assert event["pid"] is event["ppid"] is None and event["uid"] in (None, -1)


def test_the_host_is_no_container_and_short_ids_are_whole_ones(tmp_path: Path):
    whole = "4f1c9d2b7a605e8c" * 4
    reading = read(
        tmp_path,
        {"container.id": "host", "container.name": "host"},
        {"container.id": whole[:12]},
        {"container.id": whole[:12], "container.full_id": whole, "container.name": "web"},
    )
    assert reading.events["container_id"].to_list() == [None, whole[:12], whole]
    assert reading.events["container_name"].to_list() == [None, None, "web"]
    (tmp_path / "falco.jsonl").rename(tmp_path / "x")
    assert len(import_capture("falco", [tmp_path / "x"], tmp_path / "c").containers) == 1


def test_one_call_is_one_event(tmp_path: Path):
    call = {"evt.type": "open", "evt.num": 7, "proc.pid": 5}
    begun, done = {**call, "evt.num": 6, "evt.dir": ">"}, {**call, "evt.dir": "<", "evt.rawres": 3}
    reading = read(tmp_path, begun, done, {**done, "rule": "another"}, {"evt.type": "open", "evt.dir": ">"})
    assert reading.events["result"].to_list() == [0, None]
    assert sorted(reading.beside.values()) == [1, 1]


def test_records_that_are_read_one_by_one_are_read_as_others_are(tmp_path: Path):
    whole = {"rule": "r", "priority": "Debug", "time": TIME, "output_fields": {"evt.type": "open"}}
    strange, flat = {"rule": {}, "priority": "x"}, {**whole, "rule": "Attach", "source": "k8s_audit"}
    own = {**whole, "rule": "Falco internal: syscall event drop", "source": "internal"}
    own["output_fields"] = {"n_drops": "7"}
    records = [{**whole, "rule": {"a": 1}}, {**flat, "output_fields": "x"}, own, strange, whole]
    (tmp_path / "falco.jsonl").write_text("\n".join(map(json.dumps, records)))
    reading = SENSORS["falco"].read(tmp_path / "falco.jsonl")
    assert (reading.events.height, sum(reading.beside.values()), reading.rejects.height) == (1, 2, 2)


def test_losses_are_counted_once(tmp_path: Path):
    own = {"rule": "Falco internal: syscall event drop", "source": "internal"}
    shot = {
        "rule": "Falco internal: metrics snapshot",
        "source": "internal",
        "falco.start_ts": 1798793000 * 10**9,
    }
    reading = read(
        tmp_path,
        {**own, "n_drops": "7"},
        {**own, "n_drops": 3},
        {**shot, "scap.n_drops": 2},
        {**shot, "scap.n_drops": 9, "time": "2027-01-01T09:00:00Z"},
        {**own, "hostname": "other", "n_drops": 5},
        {**own, "n_drops": "many"},
    )
    assert sorted((loss.host, loss.count) for loss in reading.lost) == [("h", 3), ("h", 7), ("other", 5)]
    assert reading.events.height == 0 == reading.records


@pytest.mark.parametrize(
    "fields", [{"source": "k8s_audit"}, {"source": "aws_cloudtrail"}, {"ka.verb": "get"}]
)
def test_alerts_of_plugins_are_no_runtime_events(fields: dict[str, Any], tmp_path: Path):
    reading = read(tmp_path, dict(fields), {"evt.type": "open"})
    assert reading.events.height == 1 and sum(reading.beside.values()) == 1


def test_lineage_comes_from_pids_with_their_start(tmp_path: Path):
    import_capture("falco", [DATA / "falco/events.jsonl"], tmp_path / "c")
    tool = open_capture(tmp_path / "c").processes().filter(pl.col("exe") == "/tmp/.t").collect()
    ancestors = list(dict.fromkeys(tool["ancestors"].to_list()[-1]))
    assert ancestors[:2] == ["/bin/sh", "/usr/local/bin/node"]


def test_rules_find_what_the_sample_tells(tmp_path: Path):
    import_capture("auto", [DATA / "falco"], tmp_path / "c")
    types = run_rules(open_capture(tmp_path / "c")).findings()["type"]
    assert types.len() >= 2


def test_the_shipped_rule_tells_every_field_that_is_read():
    (rule,) = read_yaml(REPOSITORY / "deploy/falco-rtml.yaml", list, "a rule file")
    config = read_yaml(REPOSITORY / "deploy/falco-rtml-config.yaml", dict, "a configuration")
    (append,) = config["append_output"]
    assert append["match"]["rule"] == rule["rule"] and config["rule_matching"] == "all"
    told = set(append["extra_fields"])
    read = {
        name
        for name in FIELDS
        if name.split(".")[0] in ("evt", "proc", "fd", "fs", "user", "thread", "container")
    }
    of_alerts = {"evt.time", "evt.time.iso8601", "evt.dir", "container.image", "proc.pname", "proc.pexepath"}
    assert read - told == of_alerts | {"proc.pcmdline"}


def test_real_alerts_are_all_accounted_for(shared: Path):
    path = shared / "falco/alerts.jsonl"
    reading = SENSORS["falco"].read(path)
    records = sum(bool(line.strip()) for line in path.read_text().splitlines())
    assert reading.records + sum(reading.beside.values()) == records == 20
    assert reading.rejects.is_empty() and sum(loss.count for loss in reading.lost) == 2 * 815508
    assert set(reading.events["kind"]) == {"open", "syscall"}
    assert reading.events["container_id"].drop_nulls().str.len_chars().unique().to_list() == [12]


def test_an_alert_of_a_plugin_hides_no_event_that_has_its_number(tmp_path: Path):
    """A number is Falco's own; a plugin's events have some too, and they are no runtime events."""
    call = {"evt.num": 7, "evt.type": "openat", "evt.time": 1798793100000000000, "fd.name": "/etc/shadow",
            "proc.pid": 1, "container.id": "0123456789ab"}  # fmt: skip
    later = {**call, "evt.num": 8, "fd.name": "/etc/passwd"}
    reading = read(tmp_path, {**call, "source": "k8s_audit"}, call, dict(call), later)
    assert [row["path"] for row in reading.events.to_dicts()] == ["/etc/shadow", "/etc/passwd"]
    assert reading.rejects.is_empty()


@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("size", [400, 700, 1 << 24])
def test_one_call_that_two_rules_hit_is_one_event_wherever_a_block_ends(tmp_path, monkeypatch, end, size):
    alert = {"priority": "Debug", "time": TIME, "hostname": "h", "source": "syscall"}
    fields = {"evt.type": "open", "fd.name": "/etc/passwd"}
    lines = [
        json.dumps({"rule": rule, **alert, "output_fields": {**fields, "evt.num": number}})
        for number in range(8)
        for rule in ("a", "b")
    ]
    (tmp_path / "log").write_text("\n".join(lines) + end)
    monkeypatch.setattr(tables, "blocks", partial(blocks, size=size))
    reading = SENSORS["falco"].read(tmp_path / "log")
    assert (reading.events.height, reading.beside) == (8, {"the same event, by another rule": 8})


@pytest.mark.parametrize("field", ["ka.target.namespace", "jevt.time", "ka.user.name"])
def test_an_alert_of_the_api_is_no_runtime_event_also_if_it_names_no_source(tmp_path: Path, field: str):
    reading = read(tmp_path, {"evt.type": "open", "fd.name": "/x"}, {field: "x", "jevt.value": "{}"})
    assert reading.events["kind"].to_list() == ["open"]
    assert dict(reading.beside) == {"an alert of source k8s_audit, no runtime event": 1}


def test_alerts_without_their_fields_are_told_and_are_events(tmp_path: Path):
    alert = {"output": "08:45:00.5: Notice x", "priority": "Notice", "rule": "r", "time": TIME}
    (tmp_path / "log").write_text(json.dumps(alert) + "\n")
    assert choose([tmp_path / "log"]).sensor == "falco"
    assert SENSORS["falco"].read(tmp_path / "log").events.height == 1


def test_names_without_dots_are_those_with_them(tmp_path: Path):
    fields = {
        "evt.type": "openat",
        "evt.num": 5,
        "container.id": "a" * 12,
        "container.image.repository": "web",
        "container.image.tag": "1",
        "k8s.ns.name": "shop",
        "k8s.pod.name": "till-0",
        "proc.pid": 7,
        "proc.ppid.ts": 1798790000000000000,
        "proc.name": "cat",
        "proc.is_exe_from_memfd": False,
        "fd.name": "/etc/shadow",
        "user.uid": 0,
    }
    dotted = read(tmp_path, dict(fields))
    flat = read(tmp_path, {name.replace(".", "_"): value for name, value in fields.items()})
    assert flat.events.to_dicts() == dotted.events.to_dicts() and flat.rejects.is_empty()
    other = {name.replace(".", "_"): value for name, value in (fields | {"evt.num": 6}).items()}
    mixed = read(tmp_path, dict(fields), other)
    assert mixed.events["path"].to_list() == ["/etc/shadow", "/etc/shadow"]
    done = read_alerts(tmp_path / "falco.jsonl", "falco")
    assert (done.alerts, done.rejects.height) == (2, 0)
    assert done.findings["container_id"].to_list() == ["a" * 12]
