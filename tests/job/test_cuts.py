"""However captures come, in however many runs: the end is that of one run over everything, to the byte."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from rtml.captures import Capture
from rtml.captures.following.follow import Pulse, follow
from rtml.job.running import run_job
from tests.captures.following.logs import lines, log_in
from tests.job.conftest import contents, cut, some_edges


@pytest.mark.parametrize("seed", range(3))
def test_any_runs_in_any_order_end_as_one(seed: int, night: Capture, folder: Path, tmp_path: Path):
    draw = random.Random(seed)
    captures = cut(night, tmp_path / "in", some_edges(night, draw.randint(2, 7), seed))
    run_job([str(tmp_path / "in")], folder, tmp_path / "one")
    draw.shuffle(captures)
    while captures:
        number = draw.randint(1, len(captures))
        now, captures = captures[:number], captures[number:]
        run_job([str(path) for path in now], folder, tmp_path / "many")
    assert contents(tmp_path / "many") == contents(tmp_path / "one")


def test_a_capture_that_grew_takes_the_place_of_what_it_was(night: Capture, folder: Path, tmp_path: Path):
    begin, end = night.span
    half = cut(night, tmp_path / "half", [begin, begin + (end - begin) / 2])[0]
    shutil.copytree(half, tmp_path / "in" / "capture")
    run_job([str(tmp_path / "in")], folder, tmp_path / "many")
    shutil.rmtree(tmp_path / "in" / "capture")
    shutil.copytree(night.path, tmp_path / "in" / "capture")
    run_job([str(tmp_path / "in")], folder, tmp_path / "many")
    run_job([str(tmp_path / "in")], folder, tmp_path / "one")
    assert contents(tmp_path / "many") == contents(tmp_path / "one")


def test_a_log_that_is_followed_is_scored_as_it_grows(folder: Path, tmp_path: Path):
    raw = b"".join(lines())
    log = log_in(tmp_path / "log")
    for part in range(3):
        with log.open("ab") as file:
            file.write(raw[len(raw) * part // 3 : len(raw) * (part + 1) // 3])
        follow("bpftrace", str(log), tmp_path / "in" / "capture", Pulse(once=True, sleep=0.01))
        many = run_job([str(tmp_path / "in")], folder, tmp_path / "many")
    one = run_job([str(tmp_path / "in")], folder, tmp_path / "one")
    assert many == one and one["windows"] > 0 and one["aside"] == []
    assert contents(tmp_path / "many") == contents(tmp_path / "one")
