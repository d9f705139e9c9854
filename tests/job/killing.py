"""A job in a process of its own, that is killed at a moment."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

__all__ = ["kill_at_random", "started", "words"]


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
    time.sleep(draw.uniform(0.3, seconds))
    running = process.poll() is None
    if running:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return running
