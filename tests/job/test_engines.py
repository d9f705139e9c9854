"""Engines, workers, memory: who reads the shards, how many there are and how they are cut changes no bit."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from rtml.captures import Capture
from rtml.job import run_job, scoring
from rtml.job import tasks as sizes
from rtml.job.engines import ENGINES, Machines, local
from rtml.job.running import job_of, run
from rtml.job.tasks import Task
from tests.job.conftest import contents, cut, some_edges
from tests.job.killing import started


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
    ended, killed = threading.Event(), []

    def kill_once() -> None:
        while not ended.wait(0.05) and not killed:
            for child in psutil.Process().children(recursive=True):
                if "spawn_main" in " ".join(child.cmdline()):
                    time.sleep(0.5)
                    child.send_signal(signal.SIGKILL)
                    killed.append(child.pid)
                    return

    killer = threading.Thread(target=kill_once)
    killer.start()
    try:
        run_job([pieces], folder, tmp_path / "out", workers=2)
    finally:
        ended.set()
        killer.join()
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


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Two nodes of a Ray cluster on this machine."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("ray is not installed: pip install 'rtml[ray]'")
    os.environ.update(
        RAY_AUTH_MODE="disabled", RAY_USAGE_STATS_ENABLED="0", RAY_memory_usage_threshold="0.99"
    )
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    nodes.add_node(num_cpus=1)
    nodes.wait_for_nodes()
    yield nodes.address
    nodes.shutdown()


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
    ended, killed = threading.Event(), []

    def kill_once() -> None:
        while not ended.wait(0.02) and not killed:
            for process in psutil.process_iter(["cmdline"]):
                if "ray::_in_worker" in " ".join(process.info["cmdline"] or []):
                    process.send_signal(signal.SIGKILL)
                    killed.append(process.pid)
                    return

    killer = threading.Thread(target=kill_once)
    killer.start()
    try:
        ran = run(job_of([pieces], folder, tmp_path / "out", engine="ray", address=cluster, workers=2))
    finally:
        ended.set()
        killer.join()
    assert ran.complete and killed
    assert contents(tmp_path / "out") == usual
