"""Processes that have ended take no memory; what is known of them is as if they had stayed."""

from __future__ import annotations

import contextlib
import json
import os
import random
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.following import archive, put_away
from rtml.captures.following import follow as following
from rtml.captures.following.follow import Pulse, follow
from rtml.captures.manifest import Manifest
from rtml.errors import RtmlError
from tests.captures.following.lives import Lives
from tests.captures.following.logs import counted, images, rows
from tests.captures.following.test_follow import ONCE, same, to_the_end
from tests.watching.shops import cut, growing
from tests.watching.writing import write_log


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes be put away one by one, and parts be put together early."""
    monkeypatch.setattr(put_away, "LEAST", 1)
    monkeypatch.setattr(archive, "_MOST_SMALL", 5)
    monkeypatch.setattr(archive, "_SMALL", 60)
    monkeypatch.setattr(following, "_IDLE", 50.0)  # however busy the machine is, lines wait for one another


def followed(sensor: str, log: Path, out: Path, pieces: Sequence[bytes]) -> Manifest:
    """Follow a log that grows by pieces, with a commit after each."""
    log.write_bytes(b"")
    pulse = Pulse(seconds=0, events=1, sleep=0, stopped=growing(log, pieces))
    return follow(sensor, str(log), out, pulse)


def lived(sensor: str, place: Path, seed: int) -> tuple[Path, list[bytes]]:
    """Write hours of processes; return the log and its lines."""
    lines = write_log(sensor, place, Lives(seed).acts())
    (place / "log.jsonl").write_bytes(b"".join(lines))
    return place / "log.jsonl", lines


def held(out: Path) -> int:
    """Return how many images a follower holds."""
    grows = open_capture(out).manifest.growing
    assert grows is not None
    return pl.read_parquet(out / grows.state / "processes.parquet").height


@pytest.mark.parametrize(("sensor", "seed"), [("bpftrace", 2), ("falco", 4), ("tetragon", 6)])
def test_a_capture_with_processes_put_away_is_the_imported_one(tmp_path: Path, sensor: str, seed: int):
    log, lines = lived(sensor, tmp_path, seed)
    import_capture(sensor, [log], tmp_path / "whole")
    number = random.Random(seed).randint(8, 16)
    manifest = followed(sensor, log, tmp_path / "c", cut(b"".join(lines), number, seed))
    assert manifest.growing is not None
    assert manifest.growing.archive
    same(tmp_path / "c", tmp_path / "whole")
    assert held(tmp_path / "c") < images(tmp_path / "c").height / 3


def test_a_follower_that_is_stopped_now_and_then_finds_what_it_put_away(tmp_path: Path):
    log, lines = lived("tetragon", tmp_path, 3)
    import_capture("tetragon", [log], tmp_path / "whole")
    log.write_bytes(b"")
    for piece in cut(b"".join(lines), 6, 3):
        with log.open("ab") as file:
            file.write(piece)
        follow("tetragon", str(log), tmp_path / "c", ONCE)
    to_the_end(log, tmp_path / "c", "tetragon")
    same(tmp_path / "c", tmp_path / "whole")
    growing = open_capture(tmp_path / "c").manifest.growing
    assert growing is not None
    assert growing.archive


def test_killed_before_a_commit_is_there_it_puts_away_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each second commit dies when all its files are written, and the manifest is not yet in its place."""
    log, lines = lived("tetragon", tmp_path, 9)
    import_capture("tetragon", [log], tmp_path / "whole")
    log.write_bytes(b"")
    replace, number = os.replace, 0

    def dies(half: Path, whole: Path) -> None:
        nonlocal number
        number += Path(whole).name == "capture.json"
        if number % 2 == 0 and Path(whole).name == "capture.json":
            raise KeyboardInterrupt
        replace(half, whole)

    monkeypatch.setattr(os, "replace", dies)
    for piece in [*cut(b"".join(lines), 6, 9), b""]:
        with log.open("ab") as file:
            file.write(piece)
        for _ in range(2):
            with contextlib.suppress(KeyboardInterrupt):
                follow("tetragon", str(log), tmp_path / "c", ONCE)
    monkeypatch.setattr(os, "replace", replace)
    to_the_end(log, tmp_path / "c", "tetragon")
    same(tmp_path / "c", tmp_path / "whole")
    grows = open_capture(tmp_path / "c").manifest.growing
    assert grows is not None
    assert grows.archive


def test_late_events_find_the_process_that_was_put_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each tenth line comes up to an hour late: as if nothing had been put away, and counted as before."""
    log, lines = lived("bpftrace", tmp_path, 5)
    chance = random.Random(5)
    places = [n + (chance.randint(5, 150) if chance.random() < 0.1 else 0) for n in range(len(lines))]
    raw = b"".join(line for _, line in sorted(zip(places, lines, strict=True), key=lambda one: one[0]))
    pieces = cut(raw, 8, 5)
    assert followed("bpftrace", log, tmp_path / "c", pieces).late > 20
    monkeypatch.setattr(put_away, "LEAST", 10**9)
    followed("bpftrace", log, tmp_path / "kept", pieces)
    assert not (tmp_path / "kept" / "archive").exists()
    assert rows(tmp_path / "c").equals(rows(tmp_path / "kept"))
    assert images(tmp_path / "c").equals(images(tmp_path / "kept"))
    assert counted(open_capture(tmp_path / "c")) == counted(open_capture(tmp_path / "kept"))


def test_a_capture_of_before_opens_and_is_followed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Such a one has no archive, and does not know when it heard of a process last."""
    log, lines = lived("bpftrace", tmp_path, 7)
    import_capture("bpftrace", [log], tmp_path / "whole")
    half = len(lines) // 2
    log.write_bytes(b"".join(lines[:half]))
    with monkeypatch.context() as patch:
        patch.setattr(put_away, "LEAST", 10**9)
        to_the_end(log, tmp_path / "c")
    _as_of_before(tmp_path / "c")
    assert open_capture(tmp_path / "c").processes().collect().height > 10
    with log.open("ab") as file:
        file.writelines(lines[half:])
    manifest = to_the_end(log, tmp_path / "c")
    assert manifest.growing is not None
    assert manifest.growing.archive
    same(tmp_path / "c", tmp_path / "whole")


def _as_of_before(out: Path) -> None:
    manifest = json.loads((out / "capture.json").read_text())
    del manifest["growing"]["archive"]
    (out / "capture.json").write_text(json.dumps(manifest))
    memory = out / manifest["growing"]["state"] / "memory"
    facts = json.loads((memory / "facts.json").read_text())
    del facts["archive"]
    (memory / "facts.json").write_text(json.dumps(facts))
    (memory / "heard.parquet").unlink()
    (memory.parent / "gone.parquet").unlink()


def test_what_is_damaged_among_what_was_put_away_is_named(tmp_path: Path):
    log, lines = lived("bpftrace", tmp_path, 2)
    manifest = followed("bpftrace", log, tmp_path / "c", cut(b"".join(lines), 8, 2))
    assert manifest.growing is not None
    part = manifest.growing.archive[0].name
    units = tmp_path / "c" / part / "memory" / "units.parquet"
    units.write_bytes(units.read_bytes()[:-20])
    kept = archive.Archive(tmp_path / "c", archive.Sums(parts={part: 1}))
    with pytest.raises(RtmlError, match=r"units.parquet: what was put away cannot be read .*new capture"):
        kept.repairs(manifest.end)
