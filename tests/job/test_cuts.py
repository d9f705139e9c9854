"""However captures come, in however many runs: the end is that of one run over everything, to the byte."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from rtml.captures import Capture
from rtml.job import run_job
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
