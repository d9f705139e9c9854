"""A job in a process of its own, that is killed at a moment."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

__all__ = ["RAY_WORKER", "SPAWNED", "kill_at_random", "killing_one", "started", "words"]

SPAWNED, RAY_WORKER = "spawn_main", "ray::_in_worker"
"""What command lines of workers hold."""


def words(inputs: Sequence[str], model: Path, out: str, *more: str) -> list[str]:
    """Return the command line of a job."""
    options = ["--model", str(model), "--out", out, "--no-track", *more]
    return [sys.executable, "-m", "rtml.cli", "score", *inputs, *options]


def started(line: Sequence[str], environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own."""
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
                            env=os.environ | (environment or {}))  # fmt: skip


def kill_at_random(line: Sequence[str], draw: random.Random, seconds: float) -> bool:
    """Start a job and kill it with all its processes somewhen; return whether it was still running."""
    process = started(line)
    time.sleep(draw.uniform(0.3, max(seconds, 0.6)))
    running = process.poll() is None
    if running:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return running


@contextmanager
def killing_one(worker: str, after: float = 0.0) -> Iterator[list[int]]:
    """Kill the first worker that begins in the block; give the list that it is noted in."""
    ended, killed = threading.Event(), list[int]()

    def watch() -> None:
        while not ended.wait(0.02) and not killed:
            for process in _ours(worker):
                time.sleep(after)
                process.send_signal(signal.SIGKILL)
                killed.append(process.pid)
                return

    killer = threading.Thread(target=watch)
    killer.start()
    try:
        yield killed
    finally:
        ended.set()
        killer.join()


def _ours(worker: str) -> list[psutil.Process]:
    """Return processes of a kind: Ray's are no children of this one."""
    among = psutil.Process().children(recursive=True) if worker == SPAWNED else psutil.process_iter()
    found = []
    for process in among:
        try:
            if worker in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found
