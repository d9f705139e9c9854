"""Memory and CPU of a follower by the age of its log: ``python -m benchmarks.following 5e4 2e5 4e5``.

The log is made: one main process starts short-lived ones, three a second of the log's time, so that 400,000
are some 37 hours. Every line says how many processes the log has had by then, what a commit took since the
line before (CPU seconds, the median), how many images the follower held, and its memory (RSS). ``--tree DIR``
measures the code of another working tree, to set two beside each other.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_RATE = 3
_PIDS = 100_000
_BOOT = 5_000_000_000_000
_MAIN = 7
_NODE = 4_026_532_600
_CHILD = """
import json, sys, time
from pathlib import Path
import polars as pl
from rtml.captures.following.follow import Pulse, follow
began = time.process_time()
def told(manifest):
    global began
    took = time.process_time() - began
    state = Path(sys.argv[2]) / manifest.growing.state
    held = pl.scan_parquet(state / "processes.parquet").select(pl.len()).collect().item()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    row = {"events": manifest.events, "cpu": took, "held": held, "mb": pages * 4096 / 1e6}
    print(json.dumps(row), flush=True)
    began = time.process_time()
pulse = Pulse(seconds=1e9, events=int(sys.argv[3]), once=True)
follow("bpftrace", sys.argv[1], Path(sys.argv[2]), pulse, told)
"""


def lines_of(processes: int) -> Iterator[str]:
    """Yield the lines of a log: of each process its fork, its program, a file that it opens, and its exit.

    >>> [json.loads(line)["data"].partition(chr(31))[0] for line in lines_of(1)]
    ['fork', 'exec', 'argv', 'open', 'exit']
    """
    place = f"33\x1f2000\x1f{_NODE}\x1f"
    for number in range(processes):
        at, pid = _BOOT + number * 10**9 // _RATE, 10 + number % _PIDS
        main, own = (f"{one}\x1f{one}\x1f{above}\x1f{place}" for one, above in ((_MAIN, 1), (pid, _MAIN)))
        yield _printf(f"fork\x1f{at}\x1f{main}main\x1f{pid}")
        yield _printf(f"exec\x1f{at + 10**6}\x1f{own}ls\x1f{at}\x1f/bin/ls")
        yield _printf(f"argv\x1f{at + 10**6}\x1f{own}ls\x1f10\x1fls\\x00{number}\\x00")
        yield _printf(f"open\x1f{at + 2 * 10**6}\x1f{own}ls\x1f3\x1f524288\x1f-100\x1f/etc/conf")
        yield _printf(f"exit\x1f{at + 10**9}\x1f{own}ls\x1f0")


def _printf(data: str) -> str:
    return json.dumps({"type": "printf", "data": f"{data}\n"}) + "\n"


def _sitting() -> str:
    clock = {"unix_ns": 1_790_000_000_000_000_000, "boot_ns": _BOOT}
    started = {"unix_ns": clock["unix_ns"] - 10**9, "boot_ns": _BOOT - 10**9}
    one = {"id": "0a" * 32, "image": "shop/web:1", "cgroup_v2_id": 2000, "pidns": _NODE, "started": started}
    return json.dumps({"clock_start": clock, "host": {"hostname": "node"}, "containers": {"web": one}})


def main() -> None:
    """Follow a made log, and print a line at each of the ages that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("processes", nargs="*", type=float, default=[5e4, 2e5, 4e5])
    parser.add_argument("--events", type=int, default=20_000, help="events of a commit")
    parser.add_argument("--tree", type=Path, default=_ROOT)
    given = parser.parse_args()
    ages = sorted(map(int, given.processes))
    with tempfile.TemporaryDirectory() as place:
        log = Path(place) / "log.jsonl"
        (Path(place) / "sitting.json").write_text(_sitting())
        with log.open("w") as file:
            file.writelines(lines_of(ages[-1]))
        command = [sys.executable, "-c", _CHILD, str(log), f"{place}/c", str(given.events)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=given.tree)
    commits = [json.loads(line) for line in done.stdout.splitlines()]
    sys.stdout.write(f"{'processes':>10}  {'CPU s a commit':>14}  {'images held':>11}  {'MB':>6}\n")
    before = 0
    for age in ages:
        own = [one for one in commits if before < one["events"] <= 4 * age] or commits[-1:]
        took = sorted(one["cpu"] for one in own[-5:])[len(own[-5:]) // 2]
        sys.stdout.write(f"{age:>10,}  {took:>14.2f}  {own[-1]['held']:>11,}  {own[-1]['mb']:>6,.0f}\n")
        before = 4 * age
    sys.stdout.write(f"{sum(one['cpu'] for one in commits):.0f} CPU s for {commits[-1]['events']:,} events\n")


if __name__ == "__main__":
    main()
