"""A shard that takes long says how far it is before it ends."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from rtml.captures import Capture
from rtml.job import headway
from rtml.job.headway import note, said
from rtml.job.running import run_job
from rtml.job.tasks import Task
from rtml.progress import listening
from tests.job.test_engines import small_shards

LONG = Task("2026-03-10", ("a", "b"), (), None, 9, 900, "", None, {})
TOTAL = 1000


@pytest.fixture
def shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Task]:
    monkeypatch.setattr(headway, "_EVERY", 0.005)
    long = replace(LONG, cache=str(tmp_path / "cache"))
    return [long, replace(long, day="2026-03-11", events=TOTAL - LONG.events)]


def reached(heard: list[float], events: int) -> bool:
    """Say whether so many events are told of before five seconds are over."""
    deadline = time.monotonic() + 5
    while events not in heard and time.monotonic() < deadline:
        time.sleep(0.005)
    return events in heard


def test_what_lies_behind_shards_is_said_as_they_are_read(shards: list[Task]):
    heard: list[float] = []
    with listening(lambda step, done, total, unit: heard.append(done)), said(shards, "scoring") as ended:
        note(shards[0], 1 / 3)
        assert reached(heard, 300)
        ended.add(shards[1].name)
        assert reached(heard, 400)
        note(shards[0], 1.0)
        # All is read, and the step has not ended.
        assert reached(heard, TOTAL - 1) and TOTAL not in heard
    assert heard[0] == 0 and heard[-1] == TOTAL and heard == sorted(heard)


def test_a_note_that_is_no_number_counts_nothing(shards: list[Task]):
    heard: list[float] = []
    with listening(lambda step, done, total, unit: heard.append(done)), said(shards, "scoring") as ended:
        headway._place(shards[0].cache, shards[0].name).write_text("4\x00")
        ended.add(shards[1].name)
        assert reached(heard, 100)
    assert set(heard) == {0, 100, TOTAL}


def test_without_a_cache_nothing_is_noted(tmp_path: Path):
    note(replace(LONG, cache=str(tmp_path / "elsewhere")), 0.5)
    assert list(tmp_path.iterdir()) == []


def test_a_job_says_how_far_a_shard_is(
    night: Capture, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(headway, "_EVERY", 0.001)
    seen = small_shards(monkeypatch, 300)
    heard: list[tuple[str, float, float | None]] = []
    with listening(lambda step, done, total, unit: heard.append((step, done, total))):
        run_job([str(night.path)], folder, tmp_path / "out")
    told = {done for step, done, total in heard if step == "scoring" and total is not None}
    ends = {0, sum(task.events for task in seen)}
    assert max(task.blocks for task in seen) > 1 and told - ends
    assert not list((tmp_path / "out").rglob("*.read"))
