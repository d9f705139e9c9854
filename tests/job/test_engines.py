"""Engines, workers, memory: who reads the shards, how many there are and how they are cut changes no bit."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import polars as pl
import psutil
import pytest

from rtml.captures import Capture
from rtml.job import scoring
from rtml.job import tasks as sizes
from rtml.job.engines import ENGINES, Machines, local
from rtml.job.running import job_of, run, run_job
from rtml.job.tasks import Task
from tests.job.conftest import contents, cut, some_edges
from tests.job.killing import RAY_WORKER, SPAWNED, killing_one, started


@pytest.fixture(scope="module")
def pieces(night: Capture, tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("pieces")
    cut(night, place, some_edges(night, 3, 29))
    return str(place)


@pytest.fixture(scope="module")
def usual(pieces: str, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("usual") / "out"
    run_job([pieces], folder, out, workers=1)
    return contents(out)


SLEEPER = """
import time
from rtml.job.engines import local

if __name__ == "__main__":
    with local._pool(2) as pool:
        pool.submit(time.sleep, 0).result()
        print("up", flush=True)
        pool.submit(time.sleep, 60).result()
"""


def small_shards(monkeypatch: pytest.MonkeyPatch, events: int) -> list[Task]:
    """Let a shard hold few events; return the tasks that are run."""
    seen: list[Task] = []
    made = scoring.tasks_of

    def noted(*given: object) -> list[Task]:
        tasks = made(*given)
        seen.extend(tasks)
        return tasks

    monkeypatch.setattr(scoring, "tasks_of", noted)
    monkeypatch.setattr(sizes, "FEWEST", events)
    monkeypatch.setattr(sizes, "BYTES", 10**12)
    return seen


@pytest.mark.parametrize("events", [100, 700])
def test_pieces_of_any_size_give_the_same(
    events: int,
    pieces: str,
    folder: Path,
    usual: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    seen = small_shards(monkeypatch, events)
    run_job([pieces], folder, tmp_path / "out", workers=3)
    assert len({task.containers for task in seen}) > 1 and max(task.blocks for task in seen) > 1
    assert contents(tmp_path / "out") == usual


def test_a_day_that_is_the_work_of_one_is_one_task_and_gives_the_same(
    pieces: str, folder: Path, usual: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    seen = small_shards(monkeypatch, 300)
    monkeypatch.setattr(sizes, "WORTH", 3)  # three workers were never worth it
    run_job([pieces], folder, tmp_path / "out", workers=3)
    assert len(seen) == len({task.day for task in seen}) and max(task.blocks for task in seen) > 1
    assert contents(tmp_path / "out") == usual


@pytest.mark.parametrize(
    ("events", "workers", "alone"),
    [([9, 1], 2, True), ([5, 5], 2, False), ([2, 2, 2], 2, False), ([6, 2, 2], 8, False), ([], 2, False)],
)
def test_several_workers_read_where_one_would_not_be_as_fast(events: list[int], workers: int, alone: bool):
    groups = pl.DataFrame({"events": pl.Series(events, dtype=pl.Int64)})
    assert sizes._is_work_of_one(groups, workers) == alone


def test_processes_give_the_same(
    pieces: str, folder: Path, usual: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(local, "SMALL", 0)
    run_job([pieces], folder, tmp_path / "out", workers=2)
    assert contents(tmp_path / "out") == usual


def test_a_worker_that_is_killed_is_replaced(
    pieces: str, folder: Path, usual: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(local, "SMALL", 0)
    with killing_one(SPAWNED, after=0.5) as killed:
        run_job([pieces], folder, tmp_path / "out", workers=2)
    assert killed and contents(tmp_path / "out") == usual


def test_workers_end_with_a_job_that_is_killed(tmp_path: Path):
    (tmp_path / "job.py").write_text(SLEEPER)
    process = started([sys.executable, str(tmp_path / "job.py")])
    assert process.stdout is not None and process.stdout.readline() == b"up\n"
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    os.kill(process.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=20)
    process.communicate()
    assert not alive


def test_a_shard_that_fails_is_no_end_of_the_others():
    tasks = [Task("2026-03-09", ("", ""), (), None, 1, 0, "", None, {})] * 2
    outcomes = dict(ENGINES["local"].run(tasks, Machines(1)))
    assert sorted(outcomes) == [0, 1] and all(isinstance(one, Exception) for one in outcomes.values())


@pytest.mark.filterwarnings("default")
def test_ray_gives_the_same_also_when_a_worker_is_killed(
    cluster: str,
    pieces: str,
    folder: Path,
    usual: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    small_shards(monkeypatch, 300)
    with killing_one(RAY_WORKER) as killed:
        ran = run(job_of([pieces], folder, tmp_path / "out", engine="ray", address=cluster, workers=2))
    assert ran.complete and killed
    assert contents(tmp_path / "out") == usual
