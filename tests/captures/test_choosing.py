"""``auto``: the sensor is told by the files' content, wherever they are; a mixture is a clear error."""

from __future__ import annotations

import errno
import gzip
import io
import json
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors import SENSORS
from rtml.captures.sensors.choosing import SeveralSensorsError, choose
from rtml.cli import app
from rtml.commands.arguments import sensor
from rtml.errors import MissingFileError, RtmlError, UnknownNameError, UsageError
from tests.samples import DATA, shipped
from tests.test_cli import rtml

SHIPPED = [(name, path) for name in SENSORS.own for path in shipped(name)]


@pytest.mark.parametrize(("name", "path"), SHIPPED, ids=[f"{n}:{p.name}" for n, p in SHIPPED])
def test_every_sample_is_recognised_also_packed(name: str, path: Path, tmp_path: Path):
    packed = tmp_path / "x"
    raw = path.read_bytes()
    packed.write_bytes(raw if path.suffix == ".gz" else gzip.compress(raw))
    assert choose([path]).sensor == choose([packed]).sensor == name


@pytest.mark.parametrize("name", SENSORS.own)
def test_a_folder_is_imported_with_what_describes_it_passed_over(name: str, tmp_path: Path):
    chosen = choose([DATA / name])
    assert set(chosen.files) == set(shipped(name))
    manifest = import_capture("auto", [DATA / name], tmp_path / "c")
    assert manifest.sensor == name and len(manifest.inputs) == len(chosen.files)


def test_a_pattern_a_folder_and_a_file_name_each_file_once(tmp_path: Path):
    chosen = choose([DATA / "falco", DATA / "falco" / "*.jsonl", DATA / "falco" / "events.jsonl"])
    assert [path.name for path in chosen.files] == ["alerts.jsonl", "events.jsonl"]
    with pytest.raises(MissingFileError, match="nothing fits"):
        choose([tmp_path / "*.json"])
    with pytest.raises(UsageError, match="no file in"):
        choose([tmp_path])


def test_a_mixture_names_which_file_is_what():
    with pytest.raises(UsageError, match=r"falco: .*events\.jsonl; tetragon: .*export\.jsonl"):
        choose([DATA / "falco/events.jsonl", DATA / "tetragon"])


def test_a_mixture_is_imported_with_the_commands_that_its_error_says(tmp_path: Path):
    place = tmp_path / "odd $name"
    for name in ("falco", "tetragon"):
        shutil.copytree(DATA / name, place / name)
    (place / "copy.jsonl").write_bytes((place / "falco" / "events.jsonl").read_bytes())
    refused = rtml("capture", "import", "auto", place, "--out", tmp_path / "c")
    assert refused.returncode == 2 and refused.stderr.startswith("error: files of several sensors: falco: ")
    commands = [shlex.split(one) for one in re.findall("`([^`]+)`", refused.stderr)]
    assert [command[:4] for command in commands] == [
        ["rtml", "capture", "import", n] for n in ("falco", "tetragon")
    ]
    for command in commands:
        done = CliRunner().invoke(app, [*command[1:-1], str(tmp_path / command[-1])])
        assert done.exit_code == 0, done.output
        assert f"passed over, not of {command[3]}" in done.output
        capture = open_capture(tmp_path / command[-1])
        read = {file.name for file in capture.manifest.inputs if file.records}
        falco = {"alerts.jsonl", "copy.jsonl"}  # the other copy is left out
        assert read == (falco if command[3] == "falco" else {path.name for path in shipped("tetragon")})


def test_a_sensor_takes_what_is_named_and_of_a_folder_what_it_knows(tmp_path: Path):
    files = [DATA / "falco/events.jsonl", DATA / "tetragon/export.jsonl"]
    assert choose(files, SENSORS["falco"]).files == files  # its reader says what is wrong with one
    assert [path.parent.name for path in choose([DATA], SENSORS["falco"]).files] == ["falco", "falco"]
    with pytest.raises(RtmlError, match=r"beth: no file there is of falco"):
        choose([DATA / "beth"], SENSORS["falco"])
    with pytest.raises(SeveralSensorsError) as error:
        choose(files)
    assert error.value.ways == {"falco": [files[0]], "tetragon": [files[1]]}


@pytest.mark.parametrize("name", ["falco", "sysdig"])
def test_a_pipe_is_read_once(name: str, tmp_path: Path):
    (file, *_) = shipped(name)
    whole = import_capture(name, [file], tmp_path / "whole")
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as stream:
        stream.write(file.read_bytes())
    try:
        piped = import_capture(name, [Path(f"/dev/fd/{reader}")], tmp_path / "piped")
    finally:
        os.close(reader)
    assert (piped.events, piped.rejected) == (whole.events, whole.rejected)


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7", b'{"hello": 1}', b"a,b\n1,2\n", b"auditID: see audit.k8s.io"]
)
def test_what_no_sensor_wrote_is_said_with_all_that_are_known(content: bytes, tmp_path: Path):
    (tmp_path / "odd").write_bytes(content)
    said = r"odd: of no sensor that is known \(auditd, .*tetragon.*'generic' with a mapping"
    with pytest.raises(RtmlError, match=said):
        choose([tmp_path / "odd"])
    (tmp_path / "odd").write_bytes(b"\n")
    with pytest.raises(RtmlError, match="odd: the file is empty"):
        choose([tmp_path / "odd"])


@pytest.mark.parametrize("name", ["osquery", "wazuh", "ftrace-log"])
def test_another_sensor_is_no_slip_of_the_pen(name: str):
    with pytest.raises(UnknownNameError, match="known: auto, ") as raised:
        sensor(name)
    assert "did you mean" not in str(raised.value)
    for slip, meant in (("bpftrac", "bpftrace"), ("trace", "tracee")):
        with pytest.raises(UnknownNameError, match=f"did you mean '{meant}'"):
            sensor(slip)


def test_the_command_reads_standard_input_and_says_what_it_is(tmp_path: Path):
    raw = gzip.compress((DATA / "falco/events.jsonl").read_bytes())
    ran = CliRunner().invoke(app, ["capture", "import", "auto", "-", "--out", str(tmp_path / "c")], input=raw)
    assert ran.exit_code == 0 and "recognised: falco, 1 file(s)" in ran.output
    assert "no event 3: an account of losses" in ran.output
    assert open_capture(tmp_path / "c").manifest.inputs[0].name == "stdin"


def test_standard_input_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    ran = CliRunner().invoke(app, ["capture", "import", "auto", "-", "-", "--out", str(tmp_path / "c")])
    assert ran.exit_code != 0


def test_what_go_libaudit_makes_of_records_is_no_ecs_and_is_called_by_its_name(tmp_path: Path):
    event = {"@timestamp": "2027-01-01T00:00:00Z", "sequence": 7, "category": "audit-daemon"}
    event |= {"record_type": "daemon_start", "summary": {}, "process": {"pid": "7"}, "ecs": {"event": {}}}
    path = tmp_path / "records.golden"
    path.write_text(json.dumps([{"test_name": "x", "event": event}], indent=2))
    with pytest.raises(RtmlError, match=r"records\.golden: it is what go-libaudit makes of audit records"):
        choose([path])
    with pytest.raises(RtmlError, match="go-libaudit"):
        SENSORS["ecs"].read(path)


def test_a_folder_that_cannot_be_looked_into_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.copy(DATA / "falco/events.jsonl", tmp_path / "a.jsonl")
    (tmp_path / "closed").mkdir()
    look = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("closed"):  # root may look into any
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return look(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(RtmlError, match="closed: Permission denied"):
        choose([tmp_path])
