"""The lab's sensor format: every line is accounted for, whatever the file holds."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtml.captures.sensors.bpftrace.framing import SHAPES
from rtml.captures.sensors.bpftrace.kinds import EVENTS_OF
from rtml.captures.sensors.bpftrace.reading import SENSOR
from rtml.errors import RtmlError

HEAD = "{name}\x1f{t}\x1f{pid}\x1f{pid}\x1f1\x1f0\x1f77\x1f4026\x1fsh"


def line(name: str, *rest: object, t: int = 1_000, pid: int = 7) -> str:
    data = "\x1f".join([HEAD.format(name=name, t=t, pid=pid), *map(str, rest)]) + "\n"
    return json.dumps({"type": "printf", "data": data})


def read(folder: Path, *lines: str | bytes):
    path = folder / "bpftrace.jsonl"
    path.write_bytes(b"\n".join(x if isinstance(x, bytes) else x.encode() for x in lines))
    return SENSOR.read(path)


@pytest.mark.parametrize(("sitting", "events"), [("benign", 221_635), ("attacks", 167_153)])
def test_real_recordings_are_read_whole(shared: Path, sitting: str, events: int):
    reading = SENSOR.read(shared / "lab" / sitting / "bpftrace.jsonl.gz")
    assert (reading.events.height, reading.rejects.height) == (events, 0)
    assert reading.records == events
    assert reading.events["container_id"].n_unique() == 6
    execs = reading.events.filter((pl.col("kind") == "exec") & (pl.col("result") == 0))
    assert execs["cmdline"].null_count() == execs["exe"].null_count() == 0


def test_a_namespace_number_used_again_means_the_container_that_started_last(tmp_path: Path):
    second = 10**9
    facts = {"pidns": 4026, "cgroup_v2_id": 1, "image": "x"}
    names = {
        f"web-1{end}": facts | {"id": f"c{end}", "cgroup_v2_id": n, "started": {"boot_ns": at}}
        for n, (end, at) in enumerate([("", 10 * second), (".2", 60 * second)])
    }
    clock = {"unix_ns": 0, "boot_ns": 0}
    (tmp_path / "sitting.json").write_text(json.dumps({"clock_start": clock, "containers": names}))
    moments = (1 * second, 30 * second, 59 * second, 70 * second)
    events = read(tmp_path, *(line("sys", 105, 0, t=at) for at in moments)).events
    named = events.sort("time")["container_name"].cast(pl.String).to_list()
    assert named == ["web-1", "web-1", "web-1.2", "web-1.2"]


CLOCK = {"clock_start": {"unix_ns": 5, "boot_ns": 5}}


@pytest.mark.parametrize(
    ("facts", "place"),
    [
        ([], "mapping"),
        ({}, "clock_start"),
        ({"clock_start": {"unix_ns": "soon", "boot_ns": 0}}, "clock_start.unix_ns"),
        (
            {"clock_start": {"unix_ns": 1798793100, "boot_ns": 0}},
            "clock_start.unix_ns: nanoseconds since 1970",
        ),
        ({"clock_start": {"unix_ns": 1798793100000, "boot_ns": 0}}, "clock_start.unix_ns"),
        ({"clock_start": {"unix_ns": 10**30, "boot_ns": 0}}, "clock_start.unix_ns"),
        ({"clock_start": {"unix_ns": 1, "boot_ns": -1}}, "clock_start.boot_ns"),
        (CLOCK | {"host": "node"}, "host"),
        (CLOCK | {"containers": ["a"]}, "containers"),
        (CLOCK | {"containers": {"a": 7}}, "containers.a"),
        (CLOCK | {"containers": {"a": {"pidns": {}}}}, "containers.a.pidns"),
        (CLOCK | {"containers": {"a": {"cgroup_v2_id": 2**64}}}, "containers.a.cgroup_v2_id"),
        (CLOCK | {"containers": {"a": {"role": 3}}}, "containers.a.role"),
        (CLOCK | {"containers": {"a": {"started": {"unix_ns": 2**63}}}}, "containers.a.started.unix_ns"),
    ],
)
def test_a_sitting_of_the_wrong_shape_is_named_with_its_place(tmp_path: Path, facts: object, place: str):
    (tmp_path / "sitting.json").write_text(json.dumps(facts))
    with pytest.raises(RtmlError, match=rf"sitting\.json: not a sitting file \(.*{re.escape(place)}"):
        read(tmp_path, line("fork", 8))


def test_kinds_carry_their_columns(tmp_path: Path):
    events = read(
        tmp_path,
        line("exec", 900, "/bin/sh"),
        line("argv", 9, r"sh\x00-c\x00id\x00", t=1_001),
        line("open", -13, 577, -100, "/etc/shadow"),
        line("connect", -115, 4, r"\x02\x00\x11\\x0ac\x00\x0e\x00\x00\x00\x00\x00\x00\x00\x00"),
        line("connect", 0, 4, r"\x01\x00/run/docker.sock\x00junk"),
        line("sys", 313, -1),
        line("ptrace", 16, 9),
        line("chmod", 2541, "/tmp/x"),
        line("exit", 256),
    ).events
    found = {row["kind"]: row for row in events.to_dicts()}
    assert found["exec"]["cmdline"] == "sh -c id"
    assert found["open"]["result"] == -13 and found["open"]["wrote"] is False
    assert "O_CREAT" in found["open"]["flags"]
    inet = events.filter(pl.col("dst_ip").is_not_null()).row(0, named=True)
    assert (inet["dst_ip"], inet["dst_port"], inet["result"]) == ("10.99.0.14", 4444, -115)
    assert found["connect"]["socket_path"] == "/run/docker.sock"
    assert (found["module_load"]["request"], found["module_load"]["result"]) == ("finit_module", -1)
    assert (found["ptrace"]["request"], found["ptrace"]["target_pid"]) == ("ATTACH", 9)
    assert found["chmod"]["mode"] == 0o4755
    assert found["exit"]["request"] == "1"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('{"type": "printf", "da', "not a JSON"),
        (json.dumps({"type": "surprise", "data": "x"}), "unknown record type"),
        (line("frobnicate", 1), "unknown event"),
        (line("open", 0, 0, -100, "/x", t=2**63 - 1), "absurd timestamp"),
        (line("open", 0, 0, -100, "/x", t=-5), "absurd timestamp"),
        (line("open", 0, 0, -100, "/x", pid=2**40), "pid or uid out of range"),
        (json.dumps({"type": "printf", "data": "open\x1fx\x1fy"}), "not a number"),
        (line("argv", 3, r"ls\x00", pid=999), "argv without its exec"),
        (json.dumps({"type": "printf"}), "without data"),
        (json.dumps({"type": "printf", "data": None}), "without data"),
        (json.dumps({"type": "printf", "data": ["fork"]}), "unknown event"),
        *(
            (json.dumps({"type": "lost_events", "data": {"events": count}}), "without a whole number")
            for count in ("a few", 7.25, -3, None, 2**70, [4])
        ),
        (json.dumps({"type": "lost_events"}), "without a whole number"),
        (line("unlink", "/a\x1fb"), "holds the field separator"),
        (line("open", 0, 0, -100, "/a\x1f0\x1f0\x1f0\x1f/etc/hosts"), "holds the field separator"),
        (line("kill", 9, 1, "x"), "holds the field separator"),
    ],
)
def test_a_bad_line_is_kept_with_its_reason(tmp_path: Path, bad: str, reason: str):
    reading = read(tmp_path, line("fork", 8), bad, line("fork", 9))
    assert reading.events.height == 2
    assert reading.rejects.select("line").item() == 2
    assert reason in reading.rejects["reason"].item()


def test_hostile_content_is_kept(tmp_path: Path):
    long = "x" * 1_000_000
    raw = line("open", 0, 0, -100, "/tmp/NAME").encode().replace(b"NAME", b"caf\xe9\xff")
    reading = read(tmp_path, raw, line("exec", 1, "/a"), line("argv", 1, long, t=1_001))
    assert reading.rejects.height == 0
    assert reading.events["path"].drop_nulls().to_list() == [r"/tmp/caf\xe9\xff"]
    assert reading.events["cmdline"].drop_nulls().str.len_chars().to_list() == [1_000_000]


@pytest.mark.parametrize("name", ["q\x1fr", "7\x1fr", "\x1f\x1f\x1f"])
@pytest.mark.parametrize("path", ["/root/.ssh/id_rsa", "/srv/a\x1fb"])
def test_a_program_cannot_shift_the_fields_of_its_line(tmp_path: Path, name: str, path: str):
    told = line("open", -13, 577, -100, path).replace("\\u001fsh\\u001f", json.dumps(f"\x1f{name}\x1f")[1:-1])
    events = read(tmp_path, told).events
    assert events.select("comm", "path", "result").rows() == [(name, path, -13)]


def test_a_line_that_two_names_could_have_written_is_refused(tmp_path: Path):
    forged = line("open", 3, 0, -100, "/etc/shadow").replace("\\u001fsh\\u001f", "\\u001f7\\u001f0\\u001f")
    reading = read(tmp_path, forged, line("fork", 8))
    assert reading.rejects["reason"].str.contains("told apart").to_list() == [True]


def test_every_kind_that_is_read_has_its_shape():
    assert set(SHAPES) == {*EVENTS_OF, "argv", "argv2", "argv3"}


def test_losses_lie_between_their_neighbours(tmp_path: Path):
    lost = json.dumps({"type": "lost_events", "data": {"events": 42}})
    reading = read(tmp_path, line("fork", 8, t=10**9), lost, line("fork", 9, t=2 * 10**9))
    (loss,) = reading.lost
    assert loss.count == 42
    assert (loss.start.timestamp(), loss.end.timestamp()) == (1, 2)


def test_a_cut_off_gzip_keeps_what_was_there(tmp_path: Path):
    whole = gzip.compress("\n".join(line("fork", i) for i in range(20_000)).encode())
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])
    reading = SENSOR.read(path)
    assert reading.events.height > 0
    assert "cut off" in reading.rejects["reason"].to_list()[-1]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"Obj\x01\x02", b"a,b,c\n1,2,3\n", b"\x1f\x8b\x08"])
def test_no_sensor_output_is_a_clear_error(tmp_path: Path, content: bytes):
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    with pytest.raises(RtmlError, match=r"x\.jsonl"):
        SENSOR.read(path)


def test_a_missing_file_and_a_folder_are_clear_errors(tmp_path: Path):
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(RtmlError, match=str(path)):
            SENSOR.read(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=200) | st.just(line("fork", 3).encode()), max_size=8))
def test_any_bytes_are_events_or_rejects(tmp_path: Path, lines: list[bytes]):
    path = tmp_path / "any.jsonl"
    path.write_bytes(b"\n".join(lines))
    try:
        reading = SENSOR.read(path)
    except RtmlError:
        return
    assert reading.records == reading.events.height + reading.rejects.height
    assert reading.events.height >= sum(x == line("fork", 3).encode() for x in lines)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["exec", "open", "connect", "accept", "bind", "dnsq", "sys", "kill"]),
    st.lists(st.text(max_size=40), max_size=5),
)
def test_any_fields_make_one_row(tmp_path: Path, name: str, rest: list[str]):
    clean = [text.replace("\x1f", "") for text in rest]
    reading = read(tmp_path, line(name, *clean), line("fork", 1))
    assert reading.records == 2


@pytest.mark.parametrize("argv", ["", r"\x00", r"\x00\x00", " "])
def test_arguments_of_nothing_are_absent(tmp_path: Path, argv: str):
    """Whoever starts a program chooses its arguments, and may give none."""
    events = read(tmp_path, line("exec", 1, "/bin/sh"), line("argv", 1, argv, t=1_001)).events
    assert events["cmdline"].to_list() == [None]
