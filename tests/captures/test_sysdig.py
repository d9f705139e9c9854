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
