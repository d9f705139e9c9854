"""Lines that nothing watched can forge: whatever a program calls itself and its files, it is one event."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rtml.captures.sensors.bpftrace.framing import EXACT, SHAPES, put_right
from rtml.captures.sensors.bpftrace.reading import SENSOR
from rtml.reading.escapes import readable
from rtml.replays.reading import HERE
from tests.samples import DATA

SENSOR_PROGRAM = (HERE / "sensor.bt").read_text()
ONE_AFTER_THE_OTHER = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
names = st.binary(min_size=1, max_size=15).filter(lambda raw: 0 not in raw)
paths = st.binary(min_size=1, max_size=60).filter(lambda raw: 0 not in raw)


def spelled(raw: bytes) -> bytes:
    return raw.hex(" ").encode()


def bpftrace_json(data: bytes) -> bytes:
    """A string as bpftrace 0.17 writes it: bytes above 7f come out as a negative number."""
    plain = {0x22: b'\\"', 0x5C: b"\\\\", 0x0A: b"\\n"}
    written = (
        plain.get(b) or (b"\\uffffff%02x" % b if b > 127 else b"\\u%04x" % b if b < 32 else bytes([b]))
        for b in data
    )
    return b'{"type": "printf", "data": "' + b"".join(written) + b'"}'


def exact(name: str, *rest: bytes | int, comm: bytes = b"sh", at: int = 1000) -> bytes:
    head = [f"{EXACT}{name}", at, 7, 7, 1, 0, 77, 4026]
    fields = [*(str(x).encode() for x in head), spelled(comm.ljust(16, b"\0"))]
    fields += [x if isinstance(x, bytes) else str(x).encode() for x in rest]
    return bpftrace_json(b"\x1f".join(fields) + b"\n")


def read(folder: Path, *lines: bytes):
    (folder / "log.jsonl").write_bytes(b"\n".join(lines))
    return SENSOR.read(folder / "log.jsonl")


@ONE_AFTER_THE_OTHER
@given(names, paths)
@example(b"7\x1f0", b"/etc/shadow")
@example(b"+open\x1f", b"\x1f-100\x1f/etc/shadow\n")
@example(b"\\x1f\xff", b"/tmp/bad\xff")
def test_a_name_and_a_path_are_never_taken_for_fields(tmp_path: Path, comm: bytes, path: bytes):
    reading = read(tmp_path, exact("open", 3, 0, -100, path, comm=comm), exact("unlink", path, comm=comm))
    assert reading.rejects.is_empty()
    for row in reading.events.to_dicts():
        assert (row["comm"], row["path"], row["pid"]) == (readable(comm), readable(path), 7)


@ONE_AFTER_THE_OTHER
@given(st.lists(st.binary(max_size=30).filter(lambda raw: 0 not in raw), min_size=1, max_size=4))
@example([b"echo", rb"a\x00b"])
@example([b""])
def test_arguments_are_as_they_were(tmp_path: Path, argv: list[bytes]):
    buffer = b"\0".join(argv) + b"\0"
    lines = exact("exec", 1, b"/bin/x"), exact("argv", len(buffer), spelled(buffer[:168]), at=1001)
    (row,) = read(tmp_path, *lines).events.to_dicts()
    shown = readable(buffer.replace(b"\0", b" ")).rstrip()
    assert (row["cmdline"] or "").rstrip() == shown, "arguments that say nothing are absent"


def test_buffers_are_addresses_sockets_and_questions(tmp_path: Path):
    question = b"?\x9d\x01\0\0\1\0\0\0\0\0\0" + b"\x05cache\x08a.b\xffshop\0\0\x1c\0\1"
    events = read(
        tmp_path,
        exact("connect", 0, 4, spelled(b"\x02\0\x11\\\x0ac\0\x0e" + bytes(8))),
        exact("connect", 0, 4, spelled(b"\x01\0/run/\x1f\xff\0junk")),
        exact("dnsq", b"10.0.0.2", spelled(question)),
    ).events
    assert events["dst_ip"].to_list() == ["10.99.0.14", None, "10.0.0.2"]
    assert events["socket_path"].to_list() == [None, "/run/\x1f\\xff", None]
    assert events["domain"].to_list() == [None, None, r"cache.a\x5c.b\xffshop"]


def labels_of(name: list[bytes]) -> bytes:
    head = b"?\x9d\x01\0\0\1\0\0\0\0\0\0"
    return head + b"".join(bytes([len(label)]) + label for label in name) + b"\0\0\1\0\1"


label = st.sampled_from(
    [b"a", b"a.b", b".", b"\\", b"a\\.b", rb"a\x5c.b", b"\xff", b"x" * 46, b"y" * 46 + b"."]
)


@ONE_AFTER_THE_OTHER
@given(st.lists(st.lists(label, min_size=1, max_size=3), min_size=2, max_size=6))
def test_no_two_questions_are_one_name(tmp_path: Path, questions: list[list[bytes]]):
    lines = [exact("dnsq", b"10.0.0.2", spelled(labels_of(name)), at=n) for n, name in enumerate(questions)]
    asked = read(tmp_path, *lines).events.sort("time")["domain"].to_list()
    assert len(set(asked)) == len({tuple(name) for name in questions})
    assert [a for a, q in zip(asked, questions, strict=True) if q == [b"a", b"a"]] in (
        [],
        *[["a.a"] * n for n in range(7)],
    )


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (exact("open", 3, 0, -100, b"/x").replace(b"73 68", b"sh"), "hexadecimal"),
        (exact("kill", 9, 1, b"more"), "told apart"),
        (exact("frobnicate", 1), "unknown event"),
    ],
)
def test_what_the_sensor_cannot_have_written_is_refused(tmp_path: Path, bad: bytes, reason: str):
    reading = read(tmp_path, exact("fork", 9), bad)
    assert reading.events.height == 1 and reason in reading.rejects["reason"].item()


@ONE_AFTER_THE_OTHER
@given(st.binary(max_size=40).filter(lambda raw: 0 not in raw))
@example(rb"\uffffffff")
def test_bytes_that_bpftrace_spells_as_negative_numbers_are_put_right(raw: bytes):
    text = put_right(bpftrace_json(raw)).decode("utf-8", "surrogateescape")
    assert json.loads(text)["data"].encode("utf-8", "surrogateescape") == raw


def test_the_sensor_writes_exact_lines_of_the_shapes_that_are_read():
    written = re.findall(r'printf\("\+(\w+)((?:\\x1f%\w+)+)\\n"', SENSOR_PROGRAM)
    assert {name for name, _ in written} == set(SHAPES) and SENSOR_PROGRAM.count("printf(") == len(
        written
    ) + 1
    for name, fields in written:
        head, shape = fields.split("\\x1f%")[1:9], fields.split("\\x1f%")[9:]
        assert head == ["llu", "d", "d", "d", "d", "llu", "u", "rh"]
        kinds = {"d": "n", "lld": "n", "llu": "n", "rh": "r"}
        told = "".join("r" if name == "dnsq" and f == "s" else kinds.get(f, "t") for f in shape)
        assert told == SHAPES[name], name


def test_a_recorded_program_hides_nothing_behind_its_name():
    events = SENSOR.read(DATA / "bpftrace/exact.jsonl").events
    assert events.filter(pl.col("comm") == "7\x1f0\\xff\\x1f").height == 6
    opened = events.filter(pl.col("kind") == "open")["path"].to_list()
    assert opened == ["/srv/bad\\xff", "/srv/bad\\x5cxff", "/srv/é\x1fx\ny"]
    assert events["cmdline"].drop_nulls().to_list() == ["echo a b \\x00c \\xff"]
