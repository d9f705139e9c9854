"""Operations of io_uring are events, as the system calls are that they spare: of auditd and of laurel."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures.sensors import SENSORS, Reading
from rtml.captures.sensors.recognise import recognise

WHO = "ppid=1 pid=7 uid=0 euid=0"
Records = list[tuple[str, dict[str, Any]]]
"""Type and fields of the records of an event."""


def operation(number: int | str, items: int = 0, **more: Any) -> tuple[str, dict[str, Any]]:
    who = {"ppid": 1, "pid": 7, "uid": 0, "euid": 0}
    return "URINGOP", {"uring_op": number, "success": "yes", "exit": 0, "items": items, **who, **more}


def path(item: int, name: str, nametype: str = "NORMAL") -> tuple[str, dict[str, Any]]:
    return "PATH", {"item": item, "name": name, "nametype": nametype}


CWD = ("CWD", {"cwd": "/srv"})
ENTER = (
    "SYSCALL",
    {"arch": "c000003e", "syscall": 426, "success": "yes", "exit": 2, "pid": 7, "comm": "x", "exe": "/x"},
)


def of_auditd(folder: Path, *records: tuple[str, dict[str, Any]]) -> Reading:
    quoted = ("name", "cwd", "comm", "exe")
    lines = [
        f"type={kind} msg=audit(1798793100.250:5): "
        + " ".join(
            f'{name}="{value}"' if name in quoted else f"{name}={value}" for name, value in said.items()
        )
        for kind, said in records
    ]
    (folder / "log").write_text("\n".join(lines))
    return SENSORS["auditd"].read(folder / "log")


def of_laurel(folder: Path, *records: tuple[str, dict[str, Any]]) -> Reading:
    event: dict[str, Any] = {"ID": "1798793100.250:5"}
    for kind, said in records:
        if kind in ("SYSCALL", "CWD"):
            event[kind] = said
        else:
            event.setdefault(kind, []).append(said)
    (folder / "log").write_text(json.dumps(event))
    return SENSORS["laurel"].read(folder / "log")


Reader = Callable[..., Reading]
both = pytest.mark.parametrize("read", [of_auditd, of_laurel])
TOLD = ("kind", "request", "result", "path")


def told(reading: Reading, *names: str) -> list[tuple[Any, ...]]:
    assert reading.records == reading.events.height + reading.rejects.height
    return reading.events.with_columns(pl.col("kind").cast(pl.String)).select(names or TOLD).rows()


KINDS = {
    13: ("accept", "io_uring accept"),
    16: ("connect", "io_uring connect"),
    18: ("open", "io_uring openat"),
    28: ("open", "io_uring openat2"),
    35: ("rename", "io_uring renameat"),
    36: ("unlink", "io_uring unlinkat"),
    37: ("syscall", "io_uring mkdirat"),
    38: ("link", "io_uring symlinkat"),
    39: ("link", "io_uring linkat"),
    45: ("syscall", "io_uring socket"),
    56: ("bind", "io_uring bind"),
    57: ("listen", "io_uring listen"),
    64: ("syscall", "io_uring uring_cmd128"),
    999: ("syscall", "io_uring 999"),
}


@both
@pytest.mark.parametrize("number", KINDS)
def test_each_operation_is_the_kind_of_its_call(read: Reader, number: int, tmp_path: Path):
    assert told(read(tmp_path, operation(number)), "kind", "request", "pid") == [(*KINDS[number], 7)]


@both
def test_an_operation_has_what_its_event_says(read: Reader, tmp_path: Path):
    records = [operation(18, 2, success="no", exit=-13), CWD, path(0, "/tmp", "PARENT"), path(1, "/tmp/x")]
    assert told(read(tmp_path, *records)) == [("open", "io_uring openat", -13, "/tmp/x")]
    assert told(read(tmp_path, operation(18, 1), CWD, path(0, "x")), "path", "cwd") == [("/srv/x", "/srv")]


@both
def test_what_is_done_at_once_stands_behind_the_call_that_asked(read: Reader, tmp_path: Path):
    address = ("SOCKADDR", {"saddr": "020001BBCB007107" if read is of_auditd else "%02%00%01%bb%cb%00qq"})
    operations = [operation(18, 1), operation(16, 1), operation(36, 3)]
    files = [path(0, "/etc/passwd"), path(1, "/tmp", "PARENT"), path(2, "/tmp/x", "DELETE")]
    reading = read(tmp_path, ENTER, *operations, CWD, *files, address)
    assert told(reading, *TOLD, "dst_port", "exe") == [
        ("syscall", "io_uring_enter", 0, None, None, "/x"),
        ("open", "io_uring openat", 0, "/etc/passwd", None, "/x"),
        ("connect", "io_uring connect", 0, None, 443, "/x"),
        ("unlink", "io_uring unlinkat", 0, "/tmp/x", None, "/x"),
    ]


def test_operations_in_any_order_are_the_same(tmp_path: Path):
    records = [ENTER, operation(18, 1), operation(16, 1), operation(18, 2), path(0, "/a"), path(1, "/b"), CWD]
    assert told(of_auditd(tmp_path, *records)) == told(of_auditd(tmp_path, *reversed(records)))


@both
def test_an_operation_without_a_number_or_a_process_is_refused_by_itself(read: Reader, tmp_path: Path):
    bare = operation(18)
    bare[1].pop("uring_op")
    nobody = operation(18)
    nobody[1].pop("pid")
    reading = read(tmp_path, operation(36), bare, nobody)
    assert told(reading, "kind") == [("unlink",)]
    assert sorted(reading.rejects["reason"]) == ["a URINGOP record without a call", "an event of no process"]


def test_numbers_of_the_kernels_log_are_known(tmp_path: Path):
    line = f"[ 12.5] audit: type=1336 audit(1798793100.250:5): uring_op=28 success=yes exit=0 items=0 {WHO}"
    (tmp_path / "log").write_text(line)
    assert told(SENSORS["auditd"].read(tmp_path / "log"), "kind") == [("open",)]


def test_a_log_of_laurel_with_operations_alone_is_recognised():
    assert recognise(b'{"ID":"1798793100.250:5","URINGOP":[{"uring_op":18}]}') == "laurel"
