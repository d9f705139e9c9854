"""Kill the recorder, its sensor or a workload at random moments: nothing stays, what was seen is
kept."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rtml.replays.cleanup import sweep
from tests.replays.live import descendants, left_behind, live

SCENARIO = "seed: 1\nseconds: 14\nworkloads: {cache: 1, app: 1, web: 1, cron: 1, client: 1}\n"

pytestmark = live


@pytest.fixture
def recorder(tmp_path: Path, lab_images: None):
    (tmp_path / "short.yml").write_text(SCENARIO)
    command = [
        sys.executable,
        "-m",
        "rtml.cli",
        "replay",
        "record",
        "--scenario",
        str(tmp_path / "short.yml"),
        "--out",
        str(tmp_path / "out"),
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path
    )
    yield process
    process.kill()
    process.communicate()
    sweep()


def wait_until_up(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if "are up" in line:
            return
    raise AssertionError("the lab did not come up")


def inside(process: subprocess.Popen[str], program: str) -> list[int]:
    """Process ids of a program in this recorder's sitting."""
    return [pid for pid, name in descendants(process.pid).items() if name == program]


def settled(recorder: int, seconds: float = 10) -> list[str]:
    """What is left when the kernel has had a moment."""
    deadline = time.monotonic() + seconds
    while (left := left_behind(recorder)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return left


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_recorder_leaves_nothing(recorder: subprocess.Popen[str], number: int):
    moment = random.uniform(1.5, 12)
    time.sleep(moment)
    recorder.send_signal(number)
    recorder.communicate(timeout=60)
    if number == signal.SIGKILL:
        time.sleep(1)
        left = left_behind(recorder.pid)
        assert [x for x in left if not x.startswith(("control group", "folder"))] == []
        sweep()
    assert settled(recorder.pid) == [], f"killed after {moment:.2f} s"


def test_an_interrupted_recording_is_kept_and_marked(recorder: subprocess.Popen[str], tmp_path: Path):
    wait_until_up(recorder)
    time.sleep(3)
    recorder.send_signal(signal.SIGINT)
    words, _ = recorder.communicate(timeout=60)
    log = json.loads((tmp_path / "out" / "log.json").read_text())
    assert recorder.returncode == 1 and "incomplete: stopped" in " ".join(words.split())
    assert not log["complete"] and log["lines"] > 100
    assert (tmp_path / "out" / "capture" / "capture.json").exists()


def test_a_sensor_that_dies_ends_the_sitting_and_what_it_saw_is_kept(
    recorder: subprocess.Popen[str], tmp_path: Path
):
    wait_until_up(recorder)
    time.sleep(random.uniform(1, 4))
    for pid in inside(recorder, "bpftrace"):
        os.kill(pid, signal.SIGKILL)
    recorder.communicate(timeout=60)
    log = json.loads((tmp_path / "out" / "log.json").read_text())
    assert "the sensor ended" in log["incomplete_because"][0] and log["lines"] > 100
    assert settled(recorder.pid) == []


def test_a_workload_that_dies_is_replaced(recorder: subprocess.Popen[str], tmp_path: Path):
    wait_until_up(recorder)
    for pid in inside(recorder, "redis-server"):
        os.kill(pid, signal.SIGKILL)
    recorder.communicate(timeout=90)
    log = json.loads((tmp_path / "out" / "log.json").read_text())
    assert recorder.returncode == 0 and log["complete"]
    assert [fact["place"] for fact in log["not_done"]] == ["cache-1"]
    sitting = json.loads((tmp_path / "out" / "sitting.json").read_text())
    assert "cache-1.2" in sitting["containers"]
