"""Processes that have ended take no memory; what is known of them is as if they had stayed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.following import archive, put_away
from rtml.captures.following.follow import Pulse, follow
from rtml.captures.manifest import Manifest
from tests.captures.following.lives import Lives
from tests.captures.following.test_follow import same
from tests.watching.shops import cut, growing
from tests.watching.writing import write_log

SENSORS = ("bpftrace", "falco", "tetragon")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes be put away one by one, and parts be put together early."""
    monkeypatch.setattr(put_away, "LEAST", 1)
    monkeypatch.setattr(archive, "_MOST_SMALL", 5)
    monkeypatch.setattr(archive, "_SMALL", 60)


def followed(sensor: str, log: Path, out: Path, pieces: Sequence[bytes]) -> Manifest:
    """Follow a log that grows by pieces, with a commit after each."""
    pulse = Pulse(seconds=0, events=1, sleep=0, stopped=growing(log, pieces))
    return follow(sensor, str(log), out, pulse)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sensor", SENSORS)
def test_a_capture_with_processes_put_away_is_the_imported_one(tmp_path: Path, sensor: str, seed: int):
    lines = write_log(sensor, tmp_path, Lives(seed).acts())
    log, raw = tmp_path / "log.jsonl", b"".join(lines)
    log.write_bytes(raw)
    import_capture(sensor, [log], tmp_path / "whole")
    log.write_bytes(b"")
    manifest = followed(sensor, log, tmp_path / "c", cut(raw, random.Random(seed).randint(10, 30), seed))
    assert manifest.growing is not None
    assert manifest.growing.archive
    same(tmp_path / "c", tmp_path / "whole")
    state = tmp_path / "c" / manifest.growing.state
    living = open_capture(tmp_path / "c").processes().collect().height
    print(living, [p for p in state.iterdir()])
