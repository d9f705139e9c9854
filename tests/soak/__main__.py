"""``python -m tests.soak``: many inputs for every reader; a fault ends it with 1 and how to repeat it."""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from tests.soak.running import step
from tests.soak.targets import TARGETS, sensor_target

_MEMORY, _MOST = "/dev/shm", 8_000_000_000


def main() -> int:
    """Run the targets one after the other."""
    resource.setrlimit(
        resource.RLIMIT_AS, (_MOST, _MOST)
    )  # what grows without end is a fault, not the machine's
    if os.access(_MEMORY, os.W_OK):
        tempfile.tempdir = _MEMORY  # files that live for milliseconds
    asked = _arguments()
    chosen = [name for name in TARGETS if not asked.target or name in asked.target]
    unknown = set(asked.target or ()) - set(TARGETS)
    if unknown:
        sys.stderr.write(f"no such target: {', '.join(sorted(unknown))}; known: {', '.join(TARGETS)}\n")
        return 2
    seconds = None if asked.seconds is None else asked.seconds / len(chosen)
    found = sum(_run(name, asked, seconds) for name in chosen)
    if found:
        sys.stdout.write(f"{found} faults; the inputs lie in {asked.out}\n")
    return int(found > 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="for each target")
    parser.add_argument("--seconds", type=float, help="of a processor, shared by the targets: then stop")
    parser.add_argument("--seed", type=int, default=int(time.strftime("%Y%m%d")), help="default: the day")
    parser.add_argument("--target", action="append", help="only this one (repeatable)")
    parser.add_argument("--only", type=int, help="only the step of this number")
    parser.add_argument(
        "--sample", type=Path, action="append", default=[], help="for --target sensor-NAME: a file of it"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("runs/soak"), help="where inputs are kept that found a fault"
    )
    return parser.parse_args()


def _run(name: str, asked: argparse.Namespace, seconds: float | None) -> int:
    target = (
        sensor_target(name.removeprefix("sensor-"), tuple(asked.sample)) if asked.sample else TARGETS[name]
    )
    samples = target.samples()
    found = done = files = number = 0
    begin = time.process_time()
    while done < asked.inputs:
        taken = step(name, target, samples, asked.seed, number if asked.only is None else asked.only)
        done, files = done + taken.inputs, files + (taken.inputs == 1)
        if taken.wrong is not None:
            found += 1
            _keep(name, asked, number if asked.only is None else asked.only, taken.wrong, taken.raw)
        number += 1
        if asked.only is not None or (seconds is not None and time.process_time() - begin > seconds):
            break
    spent = max(time.process_time() - begin, 1e-9)
    line = f"{name:24} {done:>9,} inputs ({files:,} files)  {done / spent:>7,.0f} in a second of a processor"
    sys.stdout.write(f"{line}  {found:>4} faults  seed {asked.seed}\n")
    sys.stdout.flush()
    return found


def _keep(name: str, asked: argparse.Namespace, number: int, wrong: str, raw: bytes) -> None:
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / f"{name}-{asked.seed}-{number}").write_bytes(raw)
    repeat = f"python -m tests.soak --target {name} --seed {asked.seed} --only {number}"
    sys.stdout.write(f"{name}: {wrong!a}\n  repeat: {repeat}; then a line in tests/soak/kept.txt\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
