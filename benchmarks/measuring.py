"""Run a job in a process of its own and keep what it printed."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Measurement", "measure"]

_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Measurement:
    """Seconds, events and peak memory (bytes) of one job."""

    name: str
    seconds: float
    events: int
    peak: int

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
    return Measurement(name or job, fastest["seconds"], fastest["events"], peak)
