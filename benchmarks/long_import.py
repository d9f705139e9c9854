"""Peak memory of an import, by the length of the log: ``python -m benchmarks.long_import 1e6 5e6``.

The log is the shipped bpftrace sample (or ``--sample FILE``) again and again, each time later: pids are
used anew, as on a real host. Every import runs in a process of its own.
"""

from __future__ import annotations

import argparse
import gzip
import re
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "tests" / "data" / "bpftrace" / "bpftrace.jsonl.gz"
GOAL = 1.25
"""Peak memory of the longest log, as a multiple of that of the shortest."""
_TIME = re.compile(rb'("data": "\+?[a-z0-9]+\\u001f)(\d+)')
_CHILD = """
import resource, sys
from pathlib import Path
from benchmarks.memory import peak
from rtml.captures.importing import import_capture
done = import_capture("bpftrace", [Path(sys.argv[1])], Path(sys.argv[2]))
own = resource.getrusage(resource.RUSAGE_SELF)
print(done.events, own.ru_utime + own.ru_stime, peak())
"""


def write_log(sample: Path, target: Path, lines: int) -> None:
    """Write so many lines: the sample again and again, moved on in time."""
    with gzip.open(sample) as stream:
        own = stream.read().splitlines(keepends=True)
    times = [int(found[2]) for line in own if (found := _TIME.search(line))]
    span, written, copy = max(times) - min(times) + 10**9, 0, 0
    with target.open("wb") as file:
        while written < lines:
            part = own[: lines - written]
            file.write(_TIME.sub(partial(_later, copy * span), b"".join(part)))
            written, copy = written + len(part), copy + 1


def _later(shift: int, found: re.Match[bytes]) -> bytes:
    return found[1] + str(int(found[2]) + shift).encode()


def verdict(peaks: dict[int, int]) -> str:
    """Return whether memory is flat: the peak of the longest log as a multiple of that of the shortest.

    >>> verdict({1_000_000: 560, 5_000_000: 630})
    'memory from 1,000,000 to 5,000,000 lines: 1.12 times; goal at most 1.25: held'
    """
    short, long = min(peaks), max(peaks)
    ratio = peaks[long] / peaks[short]
    held = "held" if ratio <= GOAL else "MISSED"
    return f"memory from {short:,} to {long:,} lines: {ratio:.2f} times; goal at most {GOAL}: {held}"


def main() -> None:
    """Measure and print one line per length, and how memory grows from the shortest to the longest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lines", nargs="+", type=float)
    parser.add_argument("--sample", type=Path, default=SAMPLE)
    given = parser.parse_args()
    sys.stdout.write(f"{'lines':>12}  {'events':>12}  {'MB of log':>10}  {'CPU s':>8}  {'peak MB':>8}\n")
    peaks = dict[int, int]()
    for lines in map(int, given.lines):
        with tempfile.TemporaryDirectory() as place:
            log = Path(place) / "log.jsonl"
            write_log(given.sample, log, lines)
            beside = given.sample.parent / "sitting.json"
            (Path(place) / "sitting.json").write_bytes(beside.read_bytes())
            command = [sys.executable, "-c", _CHILD, str(log), str(Path(place) / "capture")]
            done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
            events, seconds, peak = done.stdout.split()
            size = log.stat().st_size / 1e6
            columns = f"{lines:>12,}  {int(events):>12,}  {size:>10,.0f}"
            sys.stdout.write(f"{columns}  {float(seconds):>8.1f}  {int(peak) / 1e6:>8,.0f}\n")
            sys.stdout.flush()
            peaks[lines] = int(peak)
    if len(peaks) > 1:
        sys.stdout.write(f"{verdict(peaks)}\n")


if __name__ == "__main__":
    main()
