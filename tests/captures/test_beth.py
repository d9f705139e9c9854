"""BETH: the real files row for row, and what one row becomes."""

from __future__ import annotations

import ast
import csv
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtml.captures.sensors.beth.arguments import arguments, faults
from rtml.captures.sensors.beth.python_text import parse
from rtml.captures.sensors.beth.reading import SENSOR
from rtml.schema import KINDS, conform
from tests.conftest import SHARED
from tests.samples import DATA, shipped

HEADER = (
    "timestamp,processId,threadId,parentProcessId,userId,mountNamespace,processName,hostName,"
    "eventId,eventName,stackAddresses,argsNum,returnValue,args,sus,evil"
)
REAL = sorted((SHARED / "beth").glob("*.csv"))
FILES = [*shipped("beth"), *REAL]
PROCESSES = [path for path in FILES if "dns" not in path.stem]


def test_real_files_are_all_there():
    assert len(REAL) in (0, 15)


def argument(name: str, value: object) -> dict[str, object]:
    return {"name": name, "type": "x", "value": value}


Row = dict[str, object]
INET = "{'sa_family': 'AF_INET','sin_port': '22','sin_addr': '10.0.0.1'}"
UNIX = {"sa_family": "AF_UNIX", "sun_path": "/run/x"}
DISGUISED = {"sa_family": "AF_UNIX", "sun_path": "','sin_addr': '8.8.8.8"}


def row(event: str, *args: Row, result: int = 0, **other: object) -> Row:
    plain = {
        "timestamp": "1.5",
        "processId": 7,
        "threadId": 7,
        "parentProcessId": 1,
        "userId": 0,
        "processName": "sh",
        "hostName": "h",
        "eventName": event,
        "returnValue": result,
        "args": repr(list(args)),
        "sus": 0,
        "evil": 0,
    }
    return plain | other


def write(path: Path, *rows: dict[str, object]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, HEADER.split(","))
        writer.writeheader()
        writer.writerows(rows)
    return path


def one(tmp_path: Path, *args: object, **options: object) -> dict[str, object]:
    return conform(SENSOR.read(write(tmp_path / "b.csv", row(*args, **options))).events).row(0, named=True)


def readable(path: Path) -> list[dict[str, str]]:
    """Return the rows that the sensor does not refuse; of real files it refuses none."""
    refused = SENSOR.read(path).rejects["line"].to_list()
    assert path.is_relative_to(DATA) or not refused
    with path.open(newline="") as file:
        return [row for i, row in enumerate(csv.DictReader(file), 2) if i not in refused]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_events_agree_with_the_file(path: Path):
    reading, rows = SENSOR.read(path), readable(path)
    events = conform(reading.events)
    assert reading.records - reading.rejects.height == events.height == len(rows)
    refused = set(reading.rejects["line"] - 2)
    assert events["seq"].to_list() == [i for i in range(reading.records) if i not in refused]
    assert set(events["kind"].cast(pl.String)) <= set(KINDS) - SENSOR.blind
    if path not in PROCESSES:
        assert events["domain"].to_list() == [r["DnsQuery"] for r in rows]
        assert events["src_ip"].cast(pl.String).to_list() == [r["SourceIP"] for r in rows]
        answers = [ast.literal_eval(r["DnsAnswer"] or "None") for r in rows]
        assert events["answers"].to_list() == answers
        return
    assert events["pid"].to_list() == [int(r["processId"]) for r in rows]
    assert events["host"].cast(pl.String).to_list() == [r["hostName"] for r in rows]
    seconds = [round(float(r["timestamp"]) * 10**6) * 1000 for r in rows]
    assert events["time"].to_physical().to_list() == seconds


@pytest.mark.parametrize("path", PROCESSES, ids=lambda path: path.stem)
def test_arguments_agree_with_python(path: Path):
    texts = pl.Series([row["args"] for row in readable(path)])
    assert not faults(texts).any()
    wanted = {n: n for n in ("pathname", "flags", "mode", "argv", "addr", "pid", "cap", "fd")}
    for text, found in zip(texts, arguments(texts, wanted).rows(named=True), strict=True):
        given = {item["name"]: item["value"] for item in ast.literal_eval(text)}
        for key in wanted:
            value = given.get(key)
            shown = " ".join(map(str, value)) if isinstance(value, list) else value
            assert found[key] == (None if shown is None else str(shown))


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x, max_size=3), max_leaves=5
)


@given(_VALUES)
def test_any_python_value_is_read_back(value: object):
    assert parse(repr(value)) == value


@given(st.lists(st.text(), max_size=3), st.text())
def test_both_ways_of_reading_arguments_agree(argv: list[str], pathname: str):
    text = repr([argument("pathname", pathname), argument("argv", argv)])
    series = pl.Series([text])
    assert not faults(series)[0]
    found = arguments(series, {"a": "argv", "p": "other|pathname"}).row(0)
    assert found == (" ".join(argv), pathname)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (
            row("execve", argument("pathname", "/bin/ls"), argument("argv", ["ls", "it's"])),
            {"kind": "exec", "exe": "/bin/ls", "cmdline": "ls it's", "path": None, "result": 0},
        ),
        (
            row("execve", argument("pathname", "/no"), result=-2),
            {"kind": "exec", "exe": None, "path": "/no", "result": -2},
        ),
        (row("clone", result=9), {"kind": "fork", "target_pid": 9, "result": 0}),
        (
            row("clone", argument("flags", "CLONE_VM|CLONE_THREAD"), result=9),
            {"kind": "syscall", "request": "clone", "target_pid": None},
        ),
        (row("sched_process_exit"), {"kind": "exit"}),
        (row("sched_process_exit", threadId=8), {"kind": "syscall"}),
        (
            row(
                "openat",
                argument("pathname", "/x"),
                argument("flags", "O_WRONLY|O_CREAT"),
                argument("mode", 0o644),
                result=3,
            ),
            {"kind": "open", "path": "/x", "wrote": True, "mode": 0o644, "result": 0},
        ),
        (
            row("openat", argument("flags", "O_RDONLY"), argument("mode", 4057816747)),
            {"wrote": False, "mode": None, "path": None},
        ),
        (
            row("connect", argument("addr", INET)),
            {"kind": "connect", "dst_ip": "10.0.0.1", "dst_port": 22, "direction": "outbound"},
        ),
        (
            row("security_socket_connect", argument("remote_addr", UNIX)),
            {"kind": "connect", "socket_path": "/run/x", "protocol": "unix", "dst_ip": None},
        ),
        (row("connect", argument("addr", DISGUISED)), {"dst_ip": None}),
        (row("kill", argument("pid", -1), argument("sig", 9)), {"kind": "kill", "target_pid": -1}),
        (
            row("renameat2", argument("oldpath", "a"), argument("newpath", "b")),
            {"kind": "rename", "path": "a", "path_to": "b", "request": "renameat2"},
        ),
        (row("setreuid", argument("ruid", -1), argument("euid", 0)), {"kind": "setuid", "euid": 0}),
        (
            row("security_bprm_check", argument("pathname", "/bin/ls")),
            {"kind": "syscall", "request": "security_bprm_check", "path": "/bin/ls"},
        ),
        (row("memfd_create", argument("name", "")), {"kind": "memfd", "path": None}),
    ],
)
def test_one_row_is_one_event(tmp_path: Path, made: dict[str, object], expected: dict[str, object]):
    events = conform(SENSOR.read(write(tmp_path / "b.csv", made)).events)
    event = events.row(0, named=True)
    assert {name: event[name] for name in expected} == expected


@pytest.mark.parametrize(
    "floats", [("threadId",), ("processId",), ("parentProcessId", "userId", "returnValue")]
)
@pytest.mark.parametrize("thread", [7, 8])
def test_numbers_that_a_merge_made_floats_mean_the_same(tmp_path: Path, floats: tuple[str, ...], thread: int):
    plain = row("exit_group", threadId=thread, parentProcessId=3, userId=1000)
    merged = plain | {name: f"{plain[name]}.0" for name in floats}
    a, b = (SENSOR.read(write(tmp_path / "b.csv", rows)).events for rows in (plain, merged))
    assert a.equals(b)
    assert a["kind"].to_list() == ["exit" if thread == 7 else "syscall"]


def test_the_host_is_the_unit(tmp_path: Path):
    event = one(tmp_path, "close", hostName="ip-10-0-0-1")
    assert {event["host"], event["container_id"], event["container_name"]} == {"ip-10-0-0-1"}
    assert event["workload"] is None
    assert event["time"].timestamp() == 1.5


def test_a_query_and_its_answer_have_directions():
    events = SENSOR.read(DATA / "beth/dns.csv").events
    query, answer = events.head(2).rows(named=True)
    assert (query["direction"], query["answers"], query["query_type"]) == ("outbound", None, "A")
    assert (answer["direction"], answer["answers"]) == ("inbound", ["192.0.2.10", "192.0.2.11"])
    nameless = events.filter(pl.col("host").cast(pl.String) == "garden")
    assert nameless.height == nameless["direction"].null_count() == 2


def test_a_type_of_query_that_is_empty_is_none(tmp_path: Path):
    text = (DATA / "beth/dns.csv").read_text()
    (tmp_path / "dns.csv").write_text(text.replace("['AAAA']", "['']"))
    before = SENSOR.read(DATA / "beth/dns.csv").events["query_type"].to_list()
    after = SENSOR.read(tmp_path / "dns.csv").events["query_type"].to_list()
    assert "A" in before and after == [None if one == "AAAA" else one for one in before]
