"""Run a job in a process of its own and keep what it printed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Measurement", "measure", "seconds_to_import"]

_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Measurement:
    """Seconds, events, peak memory (bytes) and processor seconds of one job."""

    name: str
    seconds: float
    events: int
    peak: int
    cpu: float = 0.0

    @property
    def rate(self) -> float:
        """Events per second."""
        return self.events / self.seconds


def measure(job: str, *arguments: str, repeat: int = 1, name: str = "") -> Measurement:
    """Run a job ``repeat`` times, each in a new process, and keep the fastest.

    The fastest run is the one that was least disturbed by others; memory is the highest of all.
    """
    command = [sys.executable, "-m", "benchmarks.jobs", job, *arguments]
    runs = []
    for _ in range(repeat):
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"benchmark {job} failed: {done.stderr.strip()[-2000:]}")
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    fastest = min(runs, key=lambda run: run["seconds"])
    peak = max(run["peak"] for run in runs)
    return Measurement(name or job, fastest["seconds"], fastest["events"], peak, fastest["cpu"])


def seconds_to_import(module: str, repeat: int = 5) -> float:
    """Return the time that importing a module adds to starting Python, the least of some runs."""

    def start(code: str) -> float:
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], cwd=_ROOT, check=True)
        return time.perf_counter() - begin

    bare = min(start("pass") for _ in range(repeat))
    return max(0.0, min(start(f"import {module}") for _ in range(repeat)) - bare)
