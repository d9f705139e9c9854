"""What was answered goes into the capture while the next batches are read, and is never lost on the way."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from rtml.captures import open_capture
from rtml.captures.following.commits import Commits
from rtml.serving.intake import Intake
from rtml.serving.journal import Batch
from rtml.serving.keeping import Rhythm
from rtml.serving.policy import Where
from tests.serving.running import lines

WHERE = Where(None, None, "falco")
EACH = 5


def batch(number: int) -> Batch:
    return Batch(client="", key=str(number), raw=lines(EACH, EACH * number))


def opened(out: Path, events: int = 1) -> Intake:
    return Intake(out, WHERE, Rhythm(seconds=600, events=events))


def pids(out: Path) -> list[int]:
    return open_capture(out).events().collect()["pid"].sort().to_list()


def test_batches_are_answered_while_a_commit_lasts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    begun, go_on, commit = threading.Event(), threading.Event(), Commits.commit

    def slow(self: Commits, gathered: Any) -> Any:
        begun.set()
        assert go_on.wait(60)
        return commit(self, gathered)

    intake = opened(tmp_path / "out")  # which commits, with nothing in it
    monkeypatch.setattr(Commits, "commit", slow)
    try:
        assert intake.offer(batch(0)).result(60)[0].lines == EACH
        assert begun.wait(60)
        assert intake.offer(batch(1)).result(60)[0].lines == EACH
    finally:
        go_on.set()
        intake.close()
    assert intake.failed is None and len(pids(tmp_path / "out")) == 2 * EACH


def test_nothing_that_was_answered_is_lost_when_a_commit_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(self: Commits, gathered: Any) -> Any:
        raise OSError("no space left on device")

    intake = opened(tmp_path / "out", events=2 * EACH)
    monkeypatch.setattr(Commits, "commit", full)
    told = [intake.offer(batch(number)).result(60) for number in range(2)]
    intake._thread.join(60)
    assert isinstance(intake.failed, OSError) and intake.over
    monkeypatch.undo()
    again = opened(tmp_path / "out")
    again.close()
    assert [outcome.lines for outcome, _ in told] == [EACH, EACH]
    assert pids(tmp_path / "out") == [5000 + n for n in range(2 * EACH)]
