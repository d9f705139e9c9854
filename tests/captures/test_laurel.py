"""laurel: whole events in JSON mean what auditd's records mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors import SENSORS
from rtml.captures.sensors.recognise import recognise
from tests.samples import DATA


def one(folder: Path, call: dict[str, Any], **records: Any) -> dict[str, Any]:
    whole = {
        "ID": "1798793100.250:5",
        "SYSCALL": {"arch": "0xc000003e", "pid": 7, "exit": 0, **call},
        **records,
    }
    (folder / "laurel.log").write_text(json.dumps(whole))
    (row,) = SENSORS["laurel"].read(folder / "laurel.log").events.to_dicts()
    return row


@pytest.mark.parametrize(
    ("records", "command"),
    [({"EXECVE": {"ARGV": ["a%20b", "c"]}}, "a b c"), ({"EXECVE": {"ARGV_STR": "a c"}}, "a c"), ({}, None)],
)
def test_words_of_a_command_are_a_list_or_a_text(
    records: dict[str, Any], command: str | None, tmp_path: Path
):
    assert one(tmp_path, {"syscall": 59}, **records)["cmdline"] == command


@pytest.mark.parametrize("name", ["PATH", "EXECVE", "SOCKADDR", "OPENAT2"])
def test_a_list_without_anything_in_it_stops_nothing(name: str, tmp_path: Path):
    call = {"ID": "1798793100.250:5", "SYSCALL": {"arch": "0xc000003e", "pid": 7, "syscall": 59}}
    lines = [call, {**call, "ID": "1798793100.250:6", name: {"ARGV": []} if name == "EXECVE" else []}, call]
    (tmp_path / "laurel.log").write_text("\n".join(map(json.dumps, lines)))
    reading = SENSORS["laurel"].read(tmp_path / "laurel.log")
    assert reading.records == reading.events.height + reading.rejects.height >= 2


@pytest.mark.parametrize(
    ("saddr", "told"),
    [
        ("%02%00%1f%90%0ac%00%ca" + "%00" * 8, ("10.99.0.202", 8080, None)),
        ("%0a%00%00P" + "%00" * 19 + "%01" + "%00" * 4, ("::1", 80, None)),
        ("%01%00/run/nscd%2fsocket%00%00", (None, None, "/run/nscd/socket")),
        ("%02%00", (None, None, None)),
        ("%zz %", (None, None, None)),
        ("", (None, None, None)),
    ],
)
def test_an_address_that_laurel_left_as_bytes_is_decoded(
    saddr: str, told: tuple[object, ...], tmp_path: Path
):
    event = one(tmp_path, {"syscall": 42}, SOCKADDR=[{"saddr": saddr}])
    assert (event["dst_ip"], event["dst_port"], event["socket_path"]) == told


@pytest.mark.parametrize("container", [{"ID": "ab" * 32}, {"id": "ab" * 32}])
def test_the_container_is_known(container: dict[str, str], tmp_path: Path):
    assert one(tmp_path, {"syscall": 39}, CONTAINER_INFO=container)["container_id"] == "ab" * 32


def test_names_are_decoded_and_below_their_folder(tmp_path: Path):
    path = [{"item": 0, "name": "x%ff%25", "nametype": "NORMAL"}]
    event = one(tmp_path, {"syscall": 257, "a0": "0xffffff9c", "a2": "0x1"}, CWD={"cwd": "/a"}, PATH=path)
    assert (event["path"], event["wrote"]) == ("/a/x\\xff%", True)


@pytest.mark.parametrize("flags", ["02000001", "%02%00%00%01"])
def test_flags_of_openat2_are_octal_also_where_laurel_mistook_them(flags: str, tmp_path: Path):
    event = one(tmp_path, {"syscall": 437}, OPENAT2=[{"oflag": flags}], PATH=[{"name": "/x"}])
    assert event["flags"] == "O_WRONLY|O_CLOEXEC"


def test_the_signature_is_no_other_sensors(tmp_path: Path):
    assert recognise((DATA / "laurel/laurel.log").read_bytes()[:4096]) == "laurel"
    assert recognise(b'{"ID": 1, "rule": "x"}') is None


def test_laurel_and_auditd_tell_the_same_of_one_sitting(shared: Path):
    raw = SENSORS["auditd"].read(shared / "lab/audit/audit.log.gz").events
    whole = SENSORS["laurel"].read(shared / "lab/audit/laurel.audit.log.gz").events
    order = ["time", "pid", "kind"]
    raw, whole = (frame.sort(order, maintain_order=True) for frame in (raw, whole))
    differing = {name for name in raw.columns if not raw[name].equals(whole[name])}
    assert differing <= {"sensor", "container_id", "target_pid"}
    assert (raw["target_pid"].is_null() != whole["target_pid"].is_null()).sum() <= 5


def test_containers_of_the_lab_have_their_programs(shared: Path, tmp_path: Path):
    manifest = import_capture("auto", [shared / "lab/audit/laurel.audit.log.gz"], tmp_path / "c")
    sitting = json.loads((shared / "lab/audit/sitting.json").read_text())["containers"]
    known = {container["id"] for container in sitting.values()}
    assert known <= {container.container_id for container in manifest.containers}
    events = open_capture(tmp_path / "c").events(["container_id", "exe"]).unique().collect()
    web = events.filter(pl.col("container_id") == sitting["web"]["id"])["exe"].cast(pl.String)
    assert "/usr/sbin/nginx" in web.to_list()
