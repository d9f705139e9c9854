"""sysdig: calls of two lines are one event; what is no call is counted; its own fields and asked ones."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors import SENSORS, Reading
from rtml.captures.sensors.choosing import choose
from rtml.rules import run_rules
from tests.samples import DATA

AT = 1798793100500000000


def read(folder: Path, *lines: dict[str, Any]) -> Reading:
    texts = (json.dumps({"evt.num": n, "evt.rawtime": AT, **line}) for n, line in enumerate(lines))
    (folder / "s.jsonl").write_text("\n".join(texts))
    return SENSORS["sysdig"].read(folder / "s.jsonl")


CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"evt.type": "open", "fd.name": "/a", "evt.args": "fd=3(<f>/a) flags=14(O_CREAT|O_WRONLY) "},
        {"kind": "open", "path": "/a", "wrote": True},
    ),
    ({"evt.type": "open", "evt.args": "fd=-2(ENOENT)", "evt.res": "ENOENT"}, {"result": -2}),
    (
        {"evt.type": "clone", "proc.pid": 5, "evt.args": "res=9(sh) vtid=5(sh) vpid=5(sh) "},
        {"kind": "fork", "target_pid": 9},
    ),
    (
        {"evt.type": "clone", "proc.pid": 5, "evt.args": "res=9(sh) flags=1(CLONE_THREAD) vpid=5(sh) "},
        {"kind": "syscall", "target_pid": None},
    ),
    (
        {
            "evt.type": "accept",
            "fd.name": "1.1.1.1:5->2.2.2.2:80",
            "evt.args": "fd=3(<4t>1.1.1.1:5->2.2.2.2:80)",
        },
        {"src_ip": "1.1.1.1", "dst_port": 80, "protocol": "tcp"},
    ),
    (
        {"evt.type": "accept", "evt.args": "fd=5(<4t>10.0.0.9:44549->10.0.0.2:ssh) queuepct=0 "},
        {"src_ip": "10.0.0.9", "src_port": 44549, "dst_ip": "10.0.0.2", "dst_port": 22, "protocol": "tcp"},
    ),
    (
        {"evt.type": "connect", "evt.args": "res=-115(EINPROGRESS) tuple=10.0.0.2:4->10.0.0.3:https "},
        {"kind": "connect", "dst_ip": "10.0.0.3", "dst_port": 443, "result": -115},
    ),
    (
        {"evt.type": "accept", "fd.name": "10.0.0.9:5->10.0.0.2:of-nobody"},
        {"src_port": 5, "dst_ip": "10.0.0.2", "dst_port": None},
    ),
    (
        {"evt.type": "sendto", "evt.args": "res=9 data=tuple=10.0.0.2:4->6.6.6.6:80 "},
        {"dst_ip": None, "dst_port": None},
    ),
    ({"evt.type": "openat", "evt.args": "fd=-2(ENOENT) name=/x flags=1(O_RDONLY) "}, {"path": "/x"}),
    ({"evt.type": "execve", "proc.exe": "sh"}, {"kind": "exec", "exe": "sh"}),
    ({"evt.type": "execve", "proc.exe": "sh", "proc.exepath": "/bin/sh"}, {"exe": "/bin/sh"}),
    ({"evt.type": "open", "thread.tid": 7, "proc.ppid": -1}, {"pid": 7, "ppid": None}),
    ({"evt.type": "read", "user.uid": 4294967295, "proc.pid": -1}, {"pid": None, "uid": None}),
    ({"evt.type": "open", "evt.hostname": "n1"}, {"host": "n1"}),
    ({"evt.type": "open"}, {"host": "unknown", "result": None, "exe": None}),
]


@pytest.mark.parametrize(("line", "wanted"), CASES)
def test_each_call_is_an_event_with_what_it_has(line: dict[str, Any], wanted: Any, tmp_path: Path):
    (event,) = read(tmp_path, line).events.to_dicts()
    assert {name: event[name] for name in wanted} == wanted


CALLER = {"src_ip": "10.0.0.9", "src_port": 44549, "dst_ip": "10.0.0.2"}
INFOS: list[tuple[str, str, dict[str, Any]]] = [
    (
        "accept",
        "fd=5(<4t>10.0.0.9:44549->10.0.0.2:ssh) tuple=10.0.0.9:44549->10.0.0.2:ssh queuepct=0 queuelen=0 ",
        CALLER | {"dst_port": 22, "protocol": "tcp", "result": 0},
    ),
    ("connect", "res=-115(EINPROGRESS) tuple=10.0.0.9:44549->10.0.0.2:http ", CALLER | {"dst_port": 80}),
    ("connect", "res=0 tuple=10.0.0.9:44549->10.0.0.2:of-nobody ", CALLER | {"dst_port": None}),
    ("connect", "res=0 tuple=::1:44549->fe80::1:https ", {"dst_ip": "fe80::1", "dst_port": 443}),
    (
        "connect",
        "res=-2(ENOENT) tuple=0->ffff9d0 /run/nscd/socket ",
        {"socket_path": "/run/nscd/socket", "protocol": "unix", "dst_ip": None, "result": -2},
    ),
    (
        "sendto",
        "fd=7(<4u>10.0.0.9:44549->10.0.0.2:domain) size=30 tuple=NULL ",
        CALLER | {"dst_port": 53, "protocol": "udp"},
    ),
    ("sendto", "fd=7(<4>) size=30 tuple=10.0.0.9:44549->10.0.0.2:53 ", CALLER | {"dst_port": 53}),
    ("bind", "res=0 addr=0.0.0.0:http-alt ", {"src_ip": "0.0.0.0", "src_port": 8080, "dst_ip": None}),
    ("accept", "fd=-11(EAGAIN) tuple=NULL queuepct=0 ", {"src_ip": None, "result": -11}),
    (
        "openat",
        "fd=3(<f>/a/b (1).txt) dirfd=-100(AT_FDCWD) name=b (1).txt(/a/b (1).txt) flags=1(O_RDONLY) mode=0 ",
        {"path": "/a/b (1).txt", "wrote": False, "result": 0},
    ),
    (
        "openat",
        "fd=-2(ENOENT) dirfd=-100(AT_FDCWD) name=b(/a/b) flags=2(O_WRONLY) mode=0 ",
        {"path": "/a/b", "wrote": False, "result": -2},
    ),
    ("open", "fd=-13(EACCES) name=/etc/shadow flags=1(O_RDONLY) mode=0 ", {"path": "/etc/shadow"}),
]


@pytest.mark.parametrize(("call", "info", "wanted"), INFOS)
def test_fields_that_sysdig_was_not_asked_for_are_in_its_text(call: str, info: str, wanted: Any, tmp_path):
    (event,) = read(tmp_path, {"evt.type": call, "evt.dir": "<", "evt.info": info}).events.to_dicts()
    assert {name: event[name] for name in wanted} == wanted


@pytest.mark.parametrize("call", ["write", "sendto", "recvfrom", "connect"])
def test_what_was_sent_is_no_end_of_a_connection(call: str, tmp_path: Path):
    data = "fd=5(<4t>6.6.6.6:1->7.7.7.7:80) tuple=6.6.6.6:1->7.7.7.7:80"
    (event,) = read(tmp_path, {"evt.type": call, "evt.info": f"res=9 data={data} "}).events.to_dicts()
    assert (event["src_ip"], event["dst_ip"], event["dst_port"]) == (None, None, None)


def test_a_field_counts_more_than_the_text(tmp_path: Path):
    told = {"fd.name": "10.0.0.9:1->10.0.0.2:8443", "fd.sport": 8443}
    info = "res=0 tuple=10.0.0.9:1->10.0.0.3:pcsync-https "
    (event,) = read(tmp_path, {"evt.type": "connect", "evt.info": info, **told}).events.to_dicts()
    assert (event["dst_ip"], event["dst_port"]) == ("10.0.0.2", 8443)


@pytest.mark.parametrize("field", ["evt.rawtime", "evt.outputtime", "evt.time"])
@pytest.mark.parametrize("time", [AT, str(AT), "1798793100.500000000"])
def test_the_time_under_each_name(field: str, time: object, tmp_path: Path):
    (event,) = read(tmp_path, {"evt.type": "open", "evt.rawtime": None, field: time}).events.to_dicts()
    assert event["time"].timestamp() == 1798793100.5


def test_a_call_is_its_exit_and_one_that_never_ends_its_enter(tmp_path: Path):
    call = {"evt.type": "open", "thread.tid": 5}
    reading = read(
        tmp_path,
        {**call, "evt.dir": ">"},
        {**call, "evt.dir": "<", "evt.res": "SUCCESS"},
        {"evt.type": "procexit", "evt.dir": ">", "thread.tid": 5},
    )
    assert reading.events["kind"].to_list() == ["open", "exit"]
    assert reading.beside == {"the beginning of a call whose end is there": 1}


@pytest.mark.parametrize("kind", ["switch", "container", "drop", "signaldeliver"])
def test_what_nobody_called_is_counted_and_left_out(kind: str, tmp_path: Path):
    reading = read(tmp_path, {"evt.type": kind, "evt.dir": ">"}, {"evt.type": "open"})
    assert reading.records == 1 == sum(reading.beside.values())


def test_an_alert_of_falco_is_not_of_sysdig():
    assert choose([DATA / "falco/events.jsonl"]).sensor == "falco"
    assert choose([DATA / "sysdig/events.jsonl"]).sensor == "sysdig"


def test_rules_find_what_the_sample_tells(tmp_path: Path):
    import_capture("auto", [DATA / "sysdig"], tmp_path / "c")
    capture = open_capture(tmp_path / "c")
    tool = capture.processes().filter(pl.col("exe") == "/tmp/.t").collect()
    assert list(dict.fromkeys(tool["ancestors"].to_list()[-1]))[:2] == ["/bin/sh", "/usr/bin/node"]
    assert run_rules(capture).findings().height >= 1


def test_real_captures_are_all_accounted_for(shared: Path):
    wanted = {"502Error": 4497, "alpine_alpine": 388, "nginx_nginx": 392, "setuid_setuid": 78}
    for name, events in wanted.items():
        path = shared / f"sysdig/{name}.jsonl.gz"
        reading = SENSORS["sysdig"].read(path)
        lines = gzip.decompress(path.read_bytes()).splitlines()
        exits = sum(b'"evt.dir":"<"' in line for line in lines)
        assert reading.records + sum(reading.beside.values()) == len(lines)
        assert reading.rejects.is_empty() and reading.events.height == events >= exits
        assert {"open", "syscall"} <= set(reading.events["kind"])
