"""One target after the other, or several at a time: inputs until there were enough, and what they found."""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time

from tests.soak.batches import SIZE
from tests.soak.running import Step, step
from tests.soak.target import Target
from tests.soak.targets import TARGETS, sensor_target

__all__ = ["fuzz"]

_MEMORY, _MOST = "/dev/shm", 8_000_000_000
_SLOW = 10
_NAMED = 40
"""Records of a batch that a line of ``kept.txt`` names at most."""


def fuzz(name: str, asked: argparse.Namespace, seconds: float | None) -> int:
    """Give a target its inputs, for so many seconds of a processor at most; return the faults."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST, _MOST))  # what grows without end is a fault here
    if os.access(_MEMORY, os.W_OK):
        tempfile.tempdir = _MEMORY  # files that live for milliseconds
    target = (
        sensor_target(name.removeprefix("sensor-"), tuple(asked.sample)) if asked.sample else TARGETS[name]
    )
    samples = target.samples()
    found = done = files = number = 0
    begin = time.process_time()
    while done < _wanted(target, asked):
        taken = step(name, target, samples, asked.seed, number if asked.only is None else asked.only)
        done, files = done + taken.inputs, files + (taken.inputs == 1)
        if taken.wrong is not None:
            found += 1
            _keep(name, asked, number if asked.only is None else asked.only, taken)
        number += 1
        if asked.only is not None or (seconds is not None and time.process_time() - begin > seconds):
            break
    spent = max(time.process_time() - begin, 1e-9)
    line = f"{name:24} {done:>9,} inputs ({files:,} files)  {done / spent:>7,.0f} in a second of a processor"
    sys.stdout.write(f"{line}  {found:>4} faults  seed {asked.seed}\n")
    sys.stdout.flush()
    return found


def _wanted(target: Target, asked: argparse.Namespace) -> int:
    """Return how many inputs a target is given: fewer where each is a job of its own."""
    if target.records is not None:
        return int(asked.inputs)
    return asked.files // (_SLOW if target.writes else 1)


def _keep(name: str, asked: argparse.Namespace, number: int, taken: Step) -> None:
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / f"{name}-{asked.seed}-{number}").write_bytes(taken.raw)
    places = ",".join(map(str, taken.places[:_NAMED]))
    line = f"{name} {asked.seed} {number}" + (f" {SIZE} {places}" if places else "")
    sys.stdout.write(f"{name}: {taken.wrong!a}\n  a line for tests/soak/kept.txt: {line}\n")
    sys.stdout.flush()
