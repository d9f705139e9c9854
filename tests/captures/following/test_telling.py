"""A log that grows may be given without its sensor: it is told by what is written there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rtml.captures import open_capture
from rtml.captures.following.follow import Pulse, follow
from rtml.errors import RtmlError
from tests.captures.following.logs import lines, log_in, rows

ONCE = Pulse(once=True, sleep=0.01)


def test_a_log_is_told_by_its_beginning_and_then_by_its_capture(tmp_path: Path):
    raw = lines()
    log = log_in(tmp_path, b"".join(raw[:200]))
    assert follow("auto", str(log), tmp_path / "told", ONCE).sensor == "bpftrace"
    log.rename(log.with_name(f"{log.name}.1"))
    log.write_bytes(b"")  # just rotated: nothing there tells anything
    follow("auto", str(log), tmp_path / "told", ONCE)
    log.write_bytes(b"".join(raw[200:400]))
    follow("auto", str(log), tmp_path / "told", ONCE)
    follow("bpftrace", str(log_in(tmp_path / "b", b"".join(raw[:400]))), tmp_path / "named", ONCE)
    assert rows(tmp_path / "told").equals(rows(tmp_path / "named"))


def _piped(out: Path, *pieces: bytes) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "rtml.cli", "capture", "follow", "auto", "-", "--out", str(out)]
    return subprocess.run(command, input=b"".join(pieces), cwd=out.parent, capture_output=True, check=False)


def test_standard_input_is_told_by_its_first_lines_and_none_is_lost(tmp_path: Path):
    raw = b"".join(lines()[:400])
    log = log_in(tmp_path, raw)
    assert _piped(tmp_path / "told", raw).returncode == 0
    os.utime(log, (0, 0))  # nobody writes any more: no line waits for others
    follow("bpftrace", str(log), tmp_path / "named", ONCE)
    assert rows(tmp_path / "told").equals(rows(tmp_path / "named"))
    assert open_capture(tmp_path / "told").manifest.sensor == "bpftrace"


def test_what_tells_no_sensor_is_said_with_the_way_out(tmp_path: Path):
    (tmp_path / "empty").write_bytes(b"\n")
    (tmp_path / "notes").write_bytes(b"hello\nworld\n")
    with pytest.raises(RtmlError, match="nothing there tells its sensor yet: name it instead of auto"):
        follow("auto", str(tmp_path / "empty"), tmp_path / "c", ONCE)
    with pytest.raises(RtmlError, match="of no sensor that is known"):
        follow("auto", str(tmp_path / "notes"), tmp_path / "c", ONCE)
    done = _piped(tmp_path / "c", b"hello\nworld\n")
    assert (done.returncode, b"standard input: of no sensor that is known" in done.stderr) == (1, True)
