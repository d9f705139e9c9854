"""kill -9 at any moment, then the job again: same bytes as undisturbed, no finding twice, none lost."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import Capture
from rtml.job.alone import Busy, alone
from rtml.job.places import place_at
from rtml.job.running import run_job
from tests.job.conftest import OURS, contents, cut, some_edges
from tests.job.killing import kill_at_random, started, words

KILLS = int(os.environ.get("RTML_KILLS", "4"))


@pytest.fixture(scope="module")
def pieces(night: Capture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("pieces")
    cut(night, place, some_edges(night, 4, 11))
    return place


def test_a_killed_job_is_ended_by_the_next(pieces: Path, folder: Path, tmp_path: Path):
    run_job([str(pieces)], folder, tmp_path / "undisturbed", rules=OURS)
    line, draw = words([str(pieces)], folder, str(tmp_path / "out"), "--rules"), random.Random(5)
    begun = time.monotonic()
    timed = words([str(pieces)], folder, str(tmp_path / "timed"), "--rules")
    subprocess.run(timed, check=True, capture_output=True)
    seconds = time.monotonic() - begun
    killed = 0
    for _ in range(3 * KILLS):
        if kill_at_random(line, draw, seconds):
            killed += 1
        else:
            # It had ended: what was timed was slow. The next begins anew and is killed sooner.
            shutil.rmtree(tmp_path / "out")
            seconds *= 0.7
        if killed == KILLS:
            break
    assert killed == KILLS, "killed too late to say anything"
    subprocess.run(line, check=True, capture_output=True)
    assert contents(tmp_path / "out") == contents(tmp_path / "undisturbed") == contents(tmp_path / "timed")
    findings = pl.read_parquet(tmp_path / "out" / "findings.parquet")
    assert findings["finding_id"].n_unique() == findings.height > 10
    assert set(findings["source"]) == {"model", "rule"}


def test_the_second_of_two_jobs_refuses_and_a_dead_one_holds_nothing(
    pieces: Path, folder: Path, tmp_path: Path
):
    out = tmp_path / "out"
    with alone(place_at(str(out))), pytest.raises(Busy, match=f"already.*process {os.getpid()}"):
        run_job([str(pieces)], folder, out)
    with alone(place_at(str(out))):
        process = started(words([str(pieces)], folder, str(out)))
        _, said = process.communicate()
        assert process.returncode == 4 and b"already" in said
    (out / ".lock").write_text('{"pid": 1, "host": "gone"}')  # as a killed job leaves it
    run_job([str(pieces)], folder, out)
    assert (out / ".lock").read_text() == ""
