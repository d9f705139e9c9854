"""Captures of system calls are read by the tool that is installed, and said to be such where none is."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from pathlib import Path

import pytest

from rtml.captures import check_capture, import_capture, open_capture, pieces
from rtml.captures.following.follow import follow
from rtml.captures.sensors import SENSORS
from rtml.captures.sensors.recognise import recognise
from rtml.captures.sensors.sysdig import running
from rtml.captures.sensors.sysdig.scap import is_scap
from rtml.errors import RtmlError, UsageError
from tests.captures.inventories import alert
from tests.test_cli import rtml

SECTION = bytes.fromhex("0a0d0d0a1c0000004d3c2b1a01000200ffffffffffffffff1c000000")
SCAP = SECTION + bytes.fromhex("01020000c0000000") + bytes(64)
PCAPNG = SECTION + bytes.fromhex("0100000014000000") + bytes(64)


def call(number: int, **fields: object) -> str:
    row = {
        "evt.num": number,
        "evt.rawtime": 1793520000000000000 + number,
        "evt.dir": "<",
        "evt.type": "openat",
        "evt.args": "fd=3(<f>/etc/passwd) name=/etc/passwd",
        "evt.rawres": 3,
        "proc.pid": 7,
        "proc.name": "cat",
        "proc.exepath": "/bin/cat",
        "container.id": "0123456789ab",
        "fd.name": "/etc/passwd",
    }
    return json.dumps(row | fields)


def tool(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str, name: str = "sysdig") -> Path:
    """Put a tool that is no real one on the path; what it was called with is in `called`."""
    place = folder / "bin"
    place.mkdir(exist_ok=True)
    lines = ["#!/bin/sh", f'for word in "$@"; do printf "%s\\n" "$word" >> {folder}/called; done', script]
    (place / name).write_text("\n".join(lines) + "\n")
    (place / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin")
    return folder / "called"


def capture_file(folder: Path, name: str = "a.scap", raw: bytes = SCAP) -> Path:
    (folder / name).write_bytes(raw)
    return folder / name


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    (tmp_path / "lines").write_text("\n".join(call(i) for i in range(5)) + "\n")
    return tmp_path / "lines"


def test_a_capture_is_told_by_its_blocks_and_not_by_its_name():
    big = (
        b"\x0a\x0d\x0d\x0a"
        + bytes.fromhex("0000001c1a2b3c4d")
        + bytes(16)
        + bytes.fromhex("00000201")
        + bytes(8)
    )
    assert [is_scap(raw) for raw in (SCAP, big, PCAPNG, SECTION, SCAP[:20], b"")] == [
        True,
        True,
        *[False] * 4,
    ]
    assert (recognise(SCAP), recognise(PCAPNG)) == ("sysdig", None)


@pytest.mark.parametrize("sensor", ["auto", "falco", "sysdig"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_the_installed_tool_reads_it(
    tmp_path: Path, lines: Path, monkeypatch: pytest.MonkeyPatch, sensor: str, pack: type[bytes]
):
    called = tool(tmp_path, monkeypatch, f"cat {lines}")
    file = capture_file(tmp_path, "odd $(touch x) name", pack(SCAP))
    manifest = import_capture(sensor, [file], tmp_path / "c")
    assert (manifest.events, manifest.rejected, len(manifest.containers)) == (5, 0, 1)
    assert [file.name for file in manifest.inputs] == ["odd $(touch x) name"]
    words = called.read_text().splitlines()
    assert words[:2] == ["-j", "-p"] and words[2].startswith("*%evt.num %evt.rawtime") and words[-2] == "-r"
    assert words[-1] == str(file.resolve())
    assert [c.name for c in check_capture(open_capture(tmp_path / "c")) if c.grave and not c.ok] == []


def test_a_tool_that_does_not_know_all_fields_is_asked_for_fewer(
    tmp_path: Path, lines: Path, monkeypatch: pytest.MonkeyPatch
):
    script = f'case "$*" in *fs.path.name*) echo "unknown field fs.path.name" >&2; exit 1;; esac; cat {lines}'
    tool(tmp_path, monkeypatch, script)
    assert import_capture("sysdig", [capture_file(tmp_path)], tmp_path / "c").events == 5


def test_falco_reads_it_where_there_is_no_sysdig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "alerts").write_text(alert(0, "0123456789ab") + alert(1, None))
    called = tool(tmp_path, monkeypatch, f"echo starting; cat {tmp_path}/alerts", "falco")
    manifest = import_capture("auto", [capture_file(tmp_path)], tmp_path / "c")
    assert manifest.events == 2
    assert f"engine.replay.capture_file={tmp_path}/a.scap" in called.read_text()


def test_alerts_and_captures_are_imported_together(
    tmp_path: Path, lines: Path, monkeypatch: pytest.MonkeyPatch
):
    tool(tmp_path, monkeypatch, f"cat {lines}")
    (tmp_path / "alerts.json").write_text(alert(0, "0123456789ab"))
    files = [tmp_path / "alerts.json", capture_file(tmp_path)]
    assert import_capture("falco", files, tmp_path / "c").events == 6


def test_what_was_printed_before_a_tool_failed_is_kept(
    tmp_path: Path, lines: Path, monkeypatch: pytest.MonkeyPatch
):
    tool(tmp_path, monkeypatch, f"cat {lines}; echo warning >&2; echo 'unexpected end of file' >&2; exit 3")
    manifest = import_capture("sysdig", [capture_file(tmp_path)], tmp_path / "c")
    assert manifest.events == 5
    assert manifest.reject_reasons == {"sysdig ended with code 3: unexpected end of file": 1}
    assert manifest.inputs[0].records == 6


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exit 9", r"a.scap: sysdig ended with code 9: it says nothing"),
        ("echo 'no such device' >&2; exit 1", "a.scap: sysdig ended with code 1: no such device"),
        ("exit 0", "a.scap: sysdig finds no event in it: an empty capture"),
        ("echo usage", "a.scap: sysdig finds no event in it"),
        ("echo '{\"a\": 1}'", "a.scap: not output of sysdig"),
        ("kill -9 $$", "sysdig ended with code -9"),
        ("echo '{\"evt.num\": 1, '; sleep 60", "a.scap: not output of sysdig|no record"),
        ("sleep 60", "a.scap: sysdig was stopped: it printed nothing for"),
    ],
)
def test_a_tool_that_fails_or_hangs_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
):
    monkeypatch.setattr(running, "STALLED", 1.0)
    tool(tmp_path, monkeypatch, script)
    with pytest.raises(RtmlError, match=words):
        import_capture("sysdig", [capture_file(tmp_path)], tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_without_a_tool_the_way_out_is_said(tmp_path: Path):
    environment = {**os.environ, "PATH": "/nowhere"}
    file = capture_file(tmp_path)
    python = Path(rtml("--version").args[0])
    command = [
        str(python),
        "-m",
        "rtml.cli",
        "capture",
        "import",
        "auto",
        str(file),
        "--out",
        str(tmp_path / "c"),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    said = " ".join(done.stderr.split())
    assert done.returncode == 1 and "install one of them" in said and "sysdig -j -r a.scap" in said
    assert "Traceback" not in said


def test_a_capture_is_neither_cut_into_blocks_nor_followed(
    tmp_path: Path, lines: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pieces, "STREAMED", 1)
    tool(tmp_path, monkeypatch, f"cat {lines}")
    file = capture_file(tmp_path, raw=SCAP + b"\n" * 9)
    assert import_capture("falco", [file], tmp_path / "c").events == 5
    with pytest.raises(UsageError, match="read as a whole: import it"):
        follow("falco", str(file), tmp_path / "f")


def test_real_captures_are_recognised(shared: Path):
    for file in sorted((shared / "scap").glob("*.scap")):
        signature = SENSORS["sysdig"].signature
        with gzip.open(file) if file.read_bytes()[:2] == b"\x1f\x8b" else file.open("rb") as stream:
            assert signature is not None and signature(stream.read(4096)), file
