"""The sensor over a sitting: buffers that change size, and a sensor that is not ready in time."""

import threading
from pathlib import Path

import pytest

from rtml.errors import RtmlError
from rtml.replays import watching as module
from rtml.replays.journal import Journal, read_journal
from rtml.replays.watching import Watch


class Paper:
    """A sensor that writes a line; with one page it is never ready."""

    made: list["Paper"] = []

    def __init__(self, log: Path, pages: int) -> None:
        self.log, self.pages, self.stopped = log, pages, False
        log.write_text("line\n")
        self.made.append(self)

    @classmethod
    def start(cls, folder: Path, out: Path, pages: int) -> "Paper":
        return cls(out, pages)

    def wait_until_ready(self) -> None:
        if self.pages == 1:
            raise RtmlError("not ready")

    def cpu_seconds(self) -> float:
        return 0.0

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    Paper.made = []
    monkeypatch.setattr(module, "Sensor", Paper)
    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    return Watch(tmp_path, tmp_path, 1024, Journal(tmp_path / "journal.jsonl"))


def test_a_sensor_that_is_not_ready_is_stopped_and_what_it_wrote_does_not_count(watch: Watch, tmp_path: Path):
    with pytest.raises(RtmlError, match="not ready"):
        watch.lose(1, 5, threading.Event())
    first, late = Paper.made
    assert late.stopped and not late.log.exists() and not first.stopped and not watch.losing.is_set()
    watch.switch(512)
    assert len({sensor.log for sensor in Paper.made}) == 3, "no log is written by two sensors"
    assert [f["log"] for f in read_journal(tmp_path / "journal.jsonl")] == ["sensor-0.jsonl"]


def test_a_stretch_with_losses_is_told_while_it_lasts(watch: Watch):
    seen = []

    class Waiting(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            seen.append((timeout, watch.losing.is_set()))
            return False

    watch.lose(2, 30, Waiting())
    assert seen == [(30, True)] and not watch.losing.is_set()
    assert [sensor.pages for sensor in Paper.made] == [1024, 2, 1024]
