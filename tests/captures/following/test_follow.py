"""A followed log is the same capture as an imported one, whatever happens in between."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import check_capture, import_capture, open_capture, pieces
from rtml.captures.following import blocks
from rtml.captures.following.follow import Pulse, follow
from rtml.captures.manifest import Manifest
from rtml.captures.sensors import SENSORS
from rtml.errors import RtmlError, UsageError
from tests.captures.following.logs import counted, images, lines, log_in, rows
from tests.samples import shipped

ONCE = Pulse(once=True, sleep=0.01)


def to_the_end(log: Path, out: Path, sensor: str = "bpftrace") -> Manifest:
    """Follow a log that nobody writes any more."""
    os.utime(log, (time.time() - 60, time.time() - 60))
    return follow(sensor, str(log), out, ONCE)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole sample, imported."""
    place = tmp_path_factory.mktemp("whole")
    import_capture("bpftrace", [log_in(place, b"".join(lines()))], place / "capture")
    return place / "capture"


def same(followed: Path, imported: Path) -> None:
    assert rows(followed).equals(rows(imported))
    assert images(followed).equals(images(imported))
    assert counted(open_capture(followed)) == counted(open_capture(imported))
    assert [c.name for c in check_capture(open_capture(followed)) if c.grave and not c.ok] == []


@pytest.mark.parametrize("pieces", [1, 7, 40])
def test_piece_by_piece_is_the_same_as_at_once(tmp_path: Path, whole: Path, pieces: int):
    raw = b"".join(lines())
    log = log_in(tmp_path)
    for i in range(pieces):
        with log.open("ab") as file:  # cut anywhere, also within a line
            file.write(raw[len(raw) * i // pieces : len(raw) * (i + 1) // pieces])
        manifest = follow("bpftrace", str(log), tmp_path / "c", ONCE)
        assert open_capture(tmp_path / "c").events().collect().height == manifest.events
    to_the_end(log, tmp_path / "c")
    same(tmp_path / "c", whole)


def renamed(log: Path, number: int) -> None:
    log.rename(log.with_name(f"{log.name}.{number}"))
    log.write_bytes(b"")


def packed(log: Path, number: int) -> None:
    other = log.with_name(f"{log.name}.{number}.gz")
    other.write_bytes(gzip.compress(log.read_bytes()))
    log.unlink()
    log.write_bytes(b"")


def copied(log: Path, number: int) -> None:
    log.with_name(f"{log.name}.{number}").write_bytes(log.read_bytes())
    os.truncate(log, 0)


@pytest.mark.parametrize("rotate", [renamed, packed, copied])
def test_a_rotated_log_is_read_to_its_end(tmp_path: Path, whole: Path, rotate: Callable[[Path, int], None]):
    log, all_lines = log_in(tmp_path), lines()
    for number in range(8):
        with log.open("ab") as file:
            file.writelines(all_lines[150 * number : 150 * number + 90])
        follow("bpftrace", str(log), tmp_path / "c", ONCE)
        with log.open("ab") as file:  # not read before it is rotated, and twice at once
            file.writelines(all_lines[150 * number + 90 : 150 * number + 150])
        if number % 3:
            time.sleep(0.02)
            rotate(log, number)
    with log.open("ab") as file:
        file.writelines(all_lines[1200:])
    manifest = to_the_end(log, tmp_path / "c")
    assert manifest.growing is not None
    assert manifest.growing.broken == 0
    assert rows(tmp_path / "c").equals(rows(whole))
    assert manifest.rejected == open_capture(whole).manifest.rejected


def test_a_log_that_shrinks_is_counted_and_read_anew(tmp_path: Path):
    log, all_lines = log_in(tmp_path), lines()
    log.write_bytes(b"".join(all_lines[:400]))
    before = to_the_end(log, tmp_path / "c").events
    log.write_bytes(b"".join(all_lines[400:500]))
    manifest = to_the_end(log, tmp_path / "c")
    assert manifest.growing is not None
    assert manifest.growing.broken == 1
    assert before < manifest.events <= before + 100


def test_a_stop_leaves_the_rest_of_a_log_that_grows_faster_than_it_is_read(tmp_path: Path, whole: Path):
    """Whenever it has read something more has come; the next start reads on from there."""
    log, all_lines, asked = log_in(tmp_path, b"".join(lines()[:100])), lines(), iter(range(100, 1000, 100))

    def pressed() -> bool:
        begin = next(asked)
        with log.open("ab") as file:
            file.writelines(all_lines[begin : begin + 100])
        return begin == 400

    part = follow("bpftrace", str(log), tmp_path / "c", Pulse(sleep=0.01, pressed=pressed))
    assert 0 < part.events < open_capture(whole).manifest.events
    assert next(asked) == 500, "asked no more"
    with log.open("ab") as file:
        file.writelines(all_lines[500:])
    to_the_end(log, tmp_path / "c")
    assert rows(tmp_path / "c").equals(rows(whole))


def command(log: str, out: Path) -> list[str]:
    options = ["--out", str(out), "--every", "0.2", "--events", "100"]
    return [sys.executable, "-m", "rtml.cli", "capture", "follow", "bpftrace", log, *options]


def wait_for(out: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1200):
        if (out / "capture.json").exists() or process.poll() is not None:
            return
        time.sleep(0.05)


def test_standard_input_goes_on_after_a_kill(tmp_path: Path, whole: Path):
    out, raw = tmp_path / "c", b"".join(lines())
    log_in(tmp_path)
    reading, writing = os.pipe()
    process = subprocess.Popen(command("-", out), stdin=reading, cwd=tmp_path, stdout=subprocess.DEVNULL)
    wait_for(out, process)
    for begin in range(0, len(raw), 20_000):
        os.write(writing, raw[begin : begin + 20_000])
        time.sleep(0.05)
        if begin == 100_000:
            process.kill()
            process.wait()
            process = subprocess.Popen(command("-", out), stdin=reading, cwd=tmp_path)
    os.close(writing)
    os.close(reading)
    assert process.wait() == 0
    same(out, whole)
    assert len(list((out / "follow" / "spool").iterdir())) == 1


def test_two_followers_on_one_capture_are_refused_and_a_dead_one_is_not(tmp_path: Path):
    log, out = log_in(tmp_path, b"".join(lines()[:50])), tmp_path / "c"
    process = subprocess.Popen(command(str(log), out), stdout=subprocess.DEVNULL)
    wait_for(out, process)
    with pytest.raises(RtmlError, match=f"followed into already, by process {process.pid}"):
        follow("bpftrace", str(log), out, ONCE)
    process.kill()
    process.wait()
    assert to_the_end(log, out).events > 0


def test_what_does_not_fit_is_refused_with_the_way_out(tmp_path: Path, whole: Path):
    log = log_in(tmp_path, b"".join(lines()[:50]))
    with pytest.raises(RtmlError, match="a capture that was imported"):
        follow("bpftrace", str(log), whole, ONCE)
    with pytest.raises(UsageError, match="only be read as a whole"):
        follow("sysflow", str(log), tmp_path / "c", ONCE)
    with pytest.raises(RtmlError, match="no such file to follow"):
        follow("bpftrace", str(tmp_path / "absent"), tmp_path / "c", ONCE)
    follow("bpftrace", str(log), tmp_path / "c", ONCE)
    other = log_in(tmp_path / "other", b"".join(lines()[:50]))
    with pytest.raises(RtmlError, match=r"follows bpftrace from .*log\.jsonl"):
        follow("bpftrace", str(other), tmp_path / "c", ONCE)
    (tmp_path / "wrong").write_text('{"a": 1}\n')
    with pytest.raises(RtmlError, match="wrong: no line is bpftrace"):
        follow("bpftrace", str(tmp_path / "wrong"), tmp_path / "d", ONCE)


def test_a_line_without_end_is_refused_and_later_lines_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("rtml.captures.following.follow._LONGEST", 20_000)
    monkeypatch.setattr("rtml.captures.following.follow._BLOCK", 8_000)
    log = log_in(tmp_path, b"".join(lines()[:50]) + b"x" * 100_000 + b"\n" + b"".join(lines()[50:60]))
    manifest = to_the_end(log, tmp_path / "c")
    import_capture("bpftrace", [log], tmp_path / "d")
    assert manifest.reject_reasons["a line of more than 20,000 bytes"] == 1
    assert rows(tmp_path / "c").equals(rows(tmp_path / "d"))


def test_many_commits_are_put_together(tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("rtml.captures.following.commits._MOST_SMALL", 2)
    monkeypatch.setattr("rtml.captures.following.commits._SMALL", 200)
    log, all_lines = log_in(tmp_path), lines()
    for begin in range(0, len(all_lines), 100):
        with log.open("ab") as file:
            file.writelines(all_lines[begin : begin + 100])
        follow("bpftrace", str(log), tmp_path / "c", ONCE)
    to_the_end(log, tmp_path / "c")
    same(tmp_path / "c", whole)
    shards = {p.parent.name for p in (tmp_path / "c" / "events").rglob("*.parquet")}
    assert len(shards) > 2
    plain = pl.read_parquet(tmp_path / "c" / "events", hive_partitioning=True)
    assert {"node", "shard"} < set(plain.columns)


START = {
    "falco": "Thu Nov 26 14:00:00 2026: Falco version: 0.44.0\nThu Nov 26 14:00:00 2026: Loading rules\n",
    "tetragon": 'time="2026-11-26T14:00:00Z" level=info msg="Starting tetragon"\n',
    "k8s-audit": "I1126 14:00:00.000000       1 server.go:632] external host was not specified\n",
    "bpftrace": "Attaching 43 probes...\n",
    "zeek": "listening on eth0\n",
}


@pytest.mark.parametrize("sensor", START)
def test_a_log_that_so_far_holds_text_alone_is_waited_for(tmp_path: Path, sensor: str):
    (sample, *_) = shipped(sensor)
    with gzip.open(sample) if sample.suffix == ".gz" else sample.open("rb") as stream:
        raw = stream.read()
    log = log_in(tmp_path, START[sensor].encode() * 2)
    for beside in SENSORS[sensor].lines.beside if SENSORS[sensor].lines else ():
        if (sample.parent / beside).is_file():
            (tmp_path / beside).write_bytes((sample.parent / beside).read_bytes())
    first = to_the_end(log, tmp_path / "c", sensor)
    assert first.events == 0 and first.rejected == START[sensor].count("\n") * 2
    with log.open("ab") as file:
        file.write(raw if raw.endswith(b"\n") else raw + b"\n")
    followed = to_the_end(log, tmp_path / "c", sensor)
    whole = import_capture(sensor, [log], tmp_path / "whole")
    assert followed.events == whole.events > 0
    assert followed.reject_reasons == whole.reject_reasons


def test_a_log_of_another_sensor_or_of_too_much_text_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "tetragon.log").write_bytes(shipped("tetragon")[0].read_bytes())
    with pytest.raises(RtmlError, match="looks like tetragon"):
        to_the_end(tmp_path / "tetragon.log", tmp_path / "a", "falco")
    (tmp_path / "app.log").write_text('{"level": "info", "msg": "hello"}\n')
    with pytest.raises(RtmlError, match="not a log of Falco"):
        to_the_end(tmp_path / "app.log", tmp_path / "b", "falco")
    monkeypatch.setattr(blocks, "_MOST_TEXT", 100)
    (tmp_path / "text.log").write_text("line\n" * 30)
    with pytest.raises(RtmlError, match="not a log of Falco"):
        to_the_end(tmp_path / "text.log", tmp_path / "c", "falco")


def test_a_long_import_of_text_alone_is_still_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pieces, "STREAMED", 1)
    (tmp_path / "text.log").write_text(START["falco"])
    with pytest.raises(RtmlError, match="not a log of Falco"):
        import_capture("falco", [tmp_path / "text.log"], tmp_path / "c")
    assert not (tmp_path / "c").exists()
