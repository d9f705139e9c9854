"""The engine ``ray``: the same function as Ray core tasks, on a cluster by address or on this machine.

Never a data frame of Ray's, never a shuffle: a task is words, its result small files. The model goes along
once, by its files; captures are read from where they lie, so workers on other machines must reach them.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from rtml.errors import RtmlError
from rtml.job.engines.contract import Engine, Machines, Outcome
from rtml.job.engines.kept import Kept
from rtml.job.engines.threads import ONE_THREAD, one_thread_each
from rtml.job.lessons import Lesson
from rtml.job.shard import read_shard
from rtml.job.tasks import Task

__all__ = ["RAY"]

_RETRIES = 3
_KEPT = Kept[Any]()
"""What was connected for the runs of a block."""
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


def _ray() -> Any:
    for name, value in _QUIET.items():  # nothing phones home; before the import that reads them
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise RtmlError("the engine ray is not installed: pip install 'rtml[ray]'") from error
    return ray


def _run(tasks: Sequence[Task | Lesson], machines: Machines) -> Iterator[tuple[int, Outcome]]:
    if tasks:
        with _connected(machines) as ray:
            yield from _results(ray, tasks)


@contextmanager
def _connected(machines: Machines) -> Iterator[Any]:
    """Connect to a cluster, or start one here, until the block ends; what was connected before stays so."""
    ray, kept = _ray(), _KEPT.now()
    started = not ray.is_initialized()
    if started:
        with one_thread_each():
            ray.init(**_where(machines), log_to_driver=False, configure_logging=False)
        if kept is not None:
            kept.append(ray)
    try:
        yield ray
    finally:
        if started and kept is None:
            ray.shutdown()


def _where(machines: Machines) -> dict[str, Any]:
    """Return how to connect: workers of a cluster are told of one thread each, those here inherit it."""
    if machines.address is None:
        return {"num_cpus": machines.workers, "include_dashboard": False}
    return {"address": machines.address, "runtime_env": {"env_vars": ONE_THREAD}}


def _results(ray: Any, tasks: Sequence[Task | Lesson]) -> Iterator[tuple[int, Outcome]]:
    model = ray.put(_files(Path(tasks[0].model)))
    remote = ray.remote(num_cpus=1, max_retries=_RETRIES)(_in_worker)
    running = {remote.remote(replace(task, model="", cache=""), model): n for n, task in enumerate(tasks)}
    while running:
        (done,), _ = ray.wait(list(running), num_returns=1)
        number = running.pop(done)
        try:
            yield number, ray.get(done)
        except ray.exceptions.RayError as error:
            yield number, RtmlError(f"its worker failed: {next(iter(str(error).splitlines()), '')}")


def _in_worker(task: Task | Lesson, model: dict[str, bytes]) -> Outcome:
    """Read a shard with the model that came along."""
    place = _scratch()
    folder = place / "models" / task.digest
    try:
        if not folder.is_dir():
            _unpack(model, folder)
        return read_shard(replace(task, model=str(folder), cache=str(place / "captures")))
    except Exception as error:  # the job decides what becomes of it
        return error


@cache
def _scratch() -> Path:
    """Return a folder of this worker's own, which ends with it."""
    folder = Path(tempfile.mkdtemp(prefix="rtml-job-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _files(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _unpack(files: dict[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


RAY = Engine("ray", _run, _KEPT.block)
