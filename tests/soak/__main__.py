"""``python -m tests.soak``: many inputs for every reader; a fault ends it with 1 and how to repeat it."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

from tests.soak.fuzzing import fuzz
from tests.soak.targets import TARGETS


def main() -> int:
    """Run the targets one after the other."""
    asked = _arguments()
    chosen = [name for name in TARGETS if not asked.target or name in asked.target]
    unknown = set(asked.target or ()) - set(TARGETS)
    if unknown:
        sys.stderr.write(f"no such target: {', '.join(sorted(unknown))}; known: {', '.join(TARGETS)}\n")
        return 2
    seconds = None if asked.seconds is None else asked.seconds / len(chosen)
    if asked.jobs == 1:
        found = sum(fuzz(name, asked, seconds) for name in chosen)
    else:
        with ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn")) as pool:
            found = sum(pool.map(fuzz, chosen, repeat(asked), repeat(seconds)))
    if found:
        sys.stdout.write(f"{found} faults; the inputs lie in {asked.out}\n")
    return int(found > 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="for each reader of records")
    parser.add_argument("--files", type=int, default=100_000, help="for each reader of whole files")
    parser.add_argument("--jobs", type=int, default=1, help="targets at the same time")
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


if __name__ == "__main__":
    sys.exit(main())
