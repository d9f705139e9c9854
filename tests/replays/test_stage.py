"""A sitting that cannot go on ends by itself and says why; what was recorded stays."""

import threading
from collections import namedtuple
from pathlib import Path

import pytest

from rtml.replays import stage
from rtml.replays.journal import Journal, read_journal

Usage = namedtuple("Usage", "total used free")


class Endless:
    """A play that never comes to its end."""

    def __init__(self) -> None:
        self.stopping, self.stopped = threading.Event(), False

    def start(self) -> None:
        pass

    def over(self) -> bool:
        return False

    def stop(self) -> None:
        self.stopped = True


class Calm:
    """A lab in which nothing dies, and a sensor that watches on, or not."""

    def __init__(self, ended: bool = False) -> None:
        self._ended = ended

    def dead(self) -> list[str]:
        return []

    def ended(self) -> bool:
        return self._ended

    def words(self) -> str:
        return "map full"


def perform(play: Endless, raw: Path, sensor_ended: bool = False) -> list[str]:
    journal = Journal(raw / "journal.jsonl")
    whole = stage._perform(play, Calm(), Calm(sensor_ended), raw, journal)  # type: ignore[arg-type]
    assert not whole and play.stopped
    return [fact["why"] for fact in read_journal(raw / "journal.jsonl")]


def test_a_full_disk_ends_the_sitting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stage.shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 10**8))
    clock = iter(range(0, 10**6, 11))
    monkeypatch.setattr(stage.time, "monotonic", lambda: next(clock))
    assert perform(Endless(), tmp_path) == ["the disk is full"]


def test_a_dead_sensor_ends_the_sitting(tmp_path: Path):
    assert perform(Endless(), tmp_path, True) == ["the sensor ended: map full"]


def test_a_stop_ends_the_sitting(tmp_path: Path):
    play = Endless()
    play.stopping.set()
    assert perform(play, tmp_path) == ["stopped"]
