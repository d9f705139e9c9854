"""auditd: records become events by time and serial; an oracle of others says what groups of them mean."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors import SENSORS, Reading
from rtml.reading.user_yaml import read_yaml
from tests.samples import DATA

AT = "msg=audit(1798793100.250:{})"
CALL = 'arch=c000003e success=yes ppid=1 pid=7 uid=0 comm="x" exe="/x"'


def read(folder: Path, *lines: str) -> Reading:
    (folder / "audit.log").write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    return SENSORS["auditd"].read(folder / "audit.log")


def one(folder: Path, call: str, *records: str) -> dict[str, Any]:
    at = AT.format(5)
    lines = [f"type={kind} {at}: {rest}" for kind, rest in (record.split(" ", 1) for record in records)]
    (row,) = read(folder, f"type=SYSCALL {at}: {CALL} {call}", *lines).events.to_dicts()
    return row


CALLS = {
    'syscall=59 exit=0|EXECVE argc=2 a0="sh" a1=2D6320C3BC': {"kind": "exec", "cmdline": "sh -c ü"},
    'syscall=59 exit=0|EXECVE a1[1]=6263 a1_len=6 a1[0]="a" a0="x"|EXECVE a2="z"': {"cmdline": "x abc z"},
    'syscall=59 exit=-2|PATH item=0 name="/no"': {"kind": "exec", "result": -2, "path": "/no"},
    'syscall=257 a0=ffffff9c a2=41 a3=1a4 exit=3|CWD cwd="/a"|PATH item=1 name="./b" nametype=CREATE'
    '|PATH item=0 name="/a" nametype=PARENT': {"path": "/a/b", "wrote": True, "mode": 0o644},
    'syscall=257 a0=4 a2=0 exit=3|CWD cwd="/a"|PATH item=0 name="b" nametype=NORMAL': {
        "path": "b",
        "wrote": False,
    },
    "syscall=257 a0=ffffff9c a2=0 exit=3|PATH item=0 name=2FFF": {"path": "/\\xff"},
    'syscall=82 exit=0|PATH item=3 name="/n" nametype=CREATE|PATH item=2 name="/o" nametype=DELETE': {
        "path": "/o",
        "path_to": "/n",
    },
    "syscall=42 exit=0|SOCKADDR saddr=020001BB0A630001": {
        "kind": "connect",
        "dst_ip": "10.99.0.1",
        "dst_port": 443,
    },
    "syscall=42 exit=0|SOCKADDR saddr=0A0001BB00000000" + "0" * 20 + "FFFF0A630001": {"dst_ip": "10.99.0.1"},
    "syscall=43 exit=3|SOCKADDR saddr=0200C0000A630001": {"src_port": 49152, "direction": "inbound"},
    "syscall=49 exit=0|SOCKADDR saddr=01006173": {"kind": "bind", "socket_path": "as", "protocol": "unix"},
    "syscall=42 exit=0|SOCKADDR saddr=0100007800": {"socket_path": "@x"},
    "syscall=56 a0=3d0f00 exit=8": {"kind": "syscall", "request": "clone"},
    "syscall=60 a0=0": {"kind": "syscall", "request": "exit"},
    "syscall=231 a0=0": {"kind": "exit", "request": None},
    "syscall=101 a0=4 exit=0|OBJ_PID opid=9": {"kind": "ptrace", "request": "POKETEXT", "target_pid": 9},
    "syscall=1073742344 exit=0": {"kind": "exec"},
    "syscall=999 exit=0": {"kind": "syscall", "request": "999"},
    "syscall=execve exit=0": {"kind": "exec"},
    "syscall=39 exit=0|PROCTITLE proctitle=610062": {"cmdline": "a b"},
    "syscall=39 exit=0|PROCTITLE proctitle=" + "61" * 127: {"cmdline": None},
}


@pytest.mark.parametrize("records", CALLS)
def test_each_call_is_an_event_with_what_it_has(records: str, tmp_path: Path):
    event = one(tmp_path, *records.split("|"))
    assert {name: event[name] for name in CALLS[records]} == CALLS[records]


@pytest.mark.parametrize(
    ("arch", "number"), [("c000003e", 59), ("40000003", 11), ("c00000b7", 221), ("c00000f3", 221)]
)
def test_numbers_of_calls_are_those_of_the_architecture(arch: str, number: int, tmp_path: Path):
    line = f"type=SYSCALL {AT.format(1)}: arch={arch} syscall={number} pid=7"
    assert read(tmp_path, line).events["kind"].to_list() == ["exec"]


@pytest.mark.parametrize(
    "line",
    [
        "type=1300 audit(1798793100.250:5): {}",
        "node=w1 type=UNKNOWN[1300] msg=audit(1798793100.250:5): {}",
        "Jan  1 00:00:00 w1 audispd: node=w1 type=SYSCALL msg=audit(1798793100.250:5): {}",
        '<86>1 type=SYSCALL msg=audit(1798793100.250:5): {}\x1dARCH=x86_64 SYSCALL=execve UID="a"',
    ],
)
def test_records_are_found_behind_the_words_of_others(line: str, tmp_path: Path):
    (event,) = read(tmp_path, line.format(f"{CALL} syscall=59")).events.to_dicts()
    assert (event["kind"], event["exe"]) == ("exec", "/x")
    assert event["host"] == ("w1" if "node=" in line else "unknown")


def test_a_log_in_any_order_is_the_same_log(tmp_path: Path):
    whole = (DATA / "auditd/audit.log").read_text().splitlines()
    kept = [line for line in whole if "something else" not in line]
    events = read(tmp_path, *kept).events
    assert read(tmp_path, *reversed(kept)).events.equals(events)


def test_events_of_two_hosts_with_one_serial_are_two(tmp_path: Path):
    lines = [f"node={host} type=SYSCALL {AT.format(5)}: {CALL} syscall=39" for host in "ab"]
    assert read(tmp_path, *lines, lines[0]).events["host"].to_list() == ["a", "b"]


def test_missing_serials_are_lost_and_other_boots_are_not(tmp_path: Path):
    serials = [90_000, 90_001, 90_005, 90_003, 7, 9]
    lines = [f"type=SYSCALL {AT.format(n)}: {CALL} syscall=39" for n in serials]
    assert [loss.count for loss in read(tmp_path, *lines).lost] == [1, 1, 1]


def test_bytes_that_are_no_text_stay_what_they_are(tmp_path: Path):
    line = f'type=SYSCALL {AT.format(1)}: {CALL} syscall=59 key="\udcff"'
    assert read(tmp_path, line, "\udcfe", "").rejects["text"].to_list() == ["\\xfe"]


def test_lineage_of_the_sample_is_whole(tmp_path: Path):
    import_capture("auto", [DATA / "auditd/audit.log"], tmp_path / "c")
    images = open_capture(tmp_path / "c").processes().filter(pl.col("exe") == "/usr/bin/curl").collect()
    assert images["ancestors"].to_list()[-1][:2] == ["/bin/dash", "/usr/local/bin/node"]


def groups(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return each group of records that go-libaudit tests, and what it makes of it."""
    found = []
    for path in sorted(folder.glob("*.yaml")):
        told = json.loads(path.with_name(path.name.replace(".yaml", ".json.golden")).read_text())
        records = read_yaml(path, dict, "groups of records")["tests"]
        found += [(records[case["test_name"]], case["event"]) for case in told]
    return found


def test_groups_mean_what_go_libaudit_says(shared: Path, tmp_path: Path):
    compared = 0
    for records, golden in groups(shared / "auditd_libaudit"):
        lines = [line.strip() for line in records.splitlines() if line.strip()]
        if golden["record_type"] != "syscall" or not any(line.startswith("type=SYSCALL") for line in lines):
            continue
        (event,) = read(tmp_path, *lines).events.to_dicts()
        process, data = golden["process"], golden["data"]
        assert str(event["pid"]) == process["pid"] and str(event["ppid"]) == process["ppid"]
        assert (event["exe"], event["comm"]) == (process["exe"], process["name"])
        assert event["cwd"] == process.get("cwd")
        if "args" in process:
            assert event["cmdline"] == " ".join(process["args"])
        names = {path["name"] for path in golden.get("paths", [])}
        assert {event[name] for name in ("path", "path_to") if event.get(name)} <= names | {None}
        assert (event["result"] < 0) == (golden["result"] == "fail")
        assert data["syscall"] in (event["kind"], event["request"]) or event["kind"] in ("exec", "open")
        compared += 1
    assert compared >= 8


@pytest.mark.parametrize("name", ["normal", "out_of_order", "lost_messages"])
def test_reordered_and_lost_records_of_others(name: str, shared: Path):
    reading = SENSORS["auditd"].read(shared / f"auditd_libaudit/testdata_{name}.log")
    assert reading.events["kind"].to_list() == ["connect", "exec", "exec", "connect", "accept"]
    assert sum(loss.count for loss in reading.lost) == (9 if name == "lost_messages" else 0)


def test_real_logs_are_all_accounted_for(shared: Path):
    for path in (shared / "lab/audit/audit.log.gz", shared / "auditd/dirty_frag_lpe_attack_data.log"):
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
        ids = set(re.findall(r"audit\(([\d.]+:\d+)\)", text))
        reading = SENSORS["auditd"].read(path)
        assert reading.records + sum(reading.beside.values()) == len(ids)
        assert not reading.lost and reading.rejects.height <= 1


def test_parents_of_the_lab_are_plausible(shared: Path, tmp_path: Path):
    import_capture("auditd", [shared / "lab/audit/audit.log.gz"], tmp_path / "c")
    images = open_capture(tmp_path / "c").processes().filter(pl.col("exe") == "/usr/bin/getent").collect()
    parents = images["ancestors"].list.first().value_counts(sort=True)
    assert images.height > 50 and parents.row(0)[0] == "/usr/bin/dash"


def test_records_that_an_agent_put_behind_one_another_are_records(tmp_path: Path):
    call = (
        f'node=n type=SYSCALL {AT}: {CALL} syscall=257 a0=ffffff9c a2=0 exit=3 key="k"ARCH=x86_64 UID="root"'
    )
    path = f'node=n type=PATH {AT}: item=0 name="/etc/shadow" nametype=NORMAL'
    title = f"node=n type=PROCTITLE {AT}: proctitle=6361740061"
    heads = "", "Jan 15 08:00:00 h audispd: "
    joined = read(
        tmp_path, *(heads[n - 1] + " ".join((call, path, title)).format(n, n, n) for n in (1, 2)), "x"
    )
    apart = read(tmp_path, *(line.format(n) for n in (1, 2) for line in (call, path, title)), "x")
    assert joined.events["path"].to_list() == ["/etc/shadow", "/etc/shadow"]
    assert joined.events.to_dicts() == apart.events.to_dicts()
    assert (joined.rejects["line"].to_list(), apart.rejects["line"].to_list()) == ([3], [7])


def test_two_events_without_a_call_on_one_line_are_a_reject_each(tmp_path: Path):
    line = " ".join(f'type=PATH {AT}: item=0 name="/x"'.format(n) for n in (1, 2))
    assert read(tmp_path, line).rejects["line"].to_list() == [1, 1]
