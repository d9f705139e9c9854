"""CPU seconds of a watch, beside a follower and the batch jobs: ``python -m benchmarks.watching 2e6``.

The log is a recording of the lab, or the shipped bpftrace sample (``--sample FILE``), a day later, played
again and again so fast that 20,000 events come in a second of its time. Every job runs in a process of its
own; the model is trained on the shipped capture. A watch keeps up with 20,000 events a second on two cores
when it takes less than 100 CPU seconds for a million events.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.long_import import SAMPLE

ROOT = Path(__file__).parents[1]
RATE = 20_000
_DAY = 86_400 * 10**9
_LAB = ROOT.parent / "shared" / "data" / "lab" / "benign" / "bpftrace.jsonl.gz"
_FIELDS = re.compile(rb'("data": "\+?([a-z0-9]+)\\u001f)(\d+)((?:\\u001f[^\\]*){7}\\u001f)?(\d+)?')
TRAIN = """
import sys
from rtml.captures import open_capture
from rtml.models import train
from rtml.splits import Split
train(open_capture(sys.argv[1]), split=Split(0.4, 0.6), seed=1).save(sys.argv[2])
"""
_JOB = """
import json, resource, sys
from pathlib import Path
from benchmarks.memory import peak
kind, log, model, out = sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])
from rtml.captures.following.follow import Pulse, follow
pulse = Pulse(events=200_000, seconds=1e9, once=True)
if kind == "follow":
    events = follow("bpftrace", log, out, pulse).events
elif kind == "watch":
    from rtml.findings.exports import EXPORTS
    from rtml.models import load_model
    from rtml.rules.chosen import Chosen
    from rtml.watching.judges import Judges
    from rtml.watching.watch import watch
    judges = Judges(load_model(model), "", Chosen())
    done = watch("bpftrace", log, judges, EXPORTS["jsonl"], out=out / "f.jsonl", state=out / "s", pulse=pulse)
    events = done.manifest.events
else:
    from rtml.captures import import_capture, open_capture
    from rtml.models import load_model
    from rtml.rules.chosen import Chosen
    from rtml.rules.running.run import run_all
    events = import_capture("bpftrace", [Path(log)], out).events
    load_model(model).score(open_capture(out), hold="10m")
    run_all(open_capture(out), Chosen()).findings()
own = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"events": events, "cpu": own.ru_utime + own.ru_stime, "mb": peak() / 1e6}))
"""
JOBS = ("follow", "batch", "watch")


def write_fast(sample: Path, target: Path, lines: int) -> None:
    """Write so many lines: the sample again and again, as fast as `RATE`."""
    target.write_bytes(b"".join(fast_lines(sample, lines, RATE, _DAY)[1]))


def fast_lines(sample: Path, lines: int, rate: int, later: int = 0) -> tuple[int, list[bytes]]:
    """Return so many lines, ``rate`` of them in a second of their time, and the time of the first."""
    with gzip.open(sample) as stream:
        own = stream.read().splitlines(keepends=True)
    times = [int(found[3]) for line in own if (found := _FIELDS.search(line))]
    first, span = min(times), max(times) - min(times)
    wanted = len(own) * 10**9 // rate

    def moved(found: re.Match[bytes]) -> bytes:
        own_time = first + (int(found[3]) - first) * wanted // span + shift
        rest = (found[4] or b"") + (found[5] or b"")
        if found[2] == b"exec" and found[5]:
            rest = (found[4] or b"") + str(own_time - 1_000_000).encode()
        return found[1] + str(own_time).encode() + rest

    all_lines: list[bytes] = []
    for copy in range(-(-lines // len(own))):
        shift = later + copy * wanted
        all_lines += [_FIELDS.sub(moved, line) for line in own[: lines - copy * len(own)]]
    return first + later, all_lines


def run(*arguments: str) -> str:
    """Run a piece of Python in a process of its own; return what it prints."""
    command = [sys.executable, "-c", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout


def main() -> None:
    """Measure and print one line per job, and what a watch takes beside the others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lines", nargs="?", type=float, default=1e6)
    parser.add_argument("--sample", type=Path, default=_LAB if _LAB.is_file() else SAMPLE)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        log, model = place / "log.jsonl", place / "model"
        write_fast(given.sample, log, int(given.lines))
        (place / "sitting.json").write_bytes((given.sample.parent / "sitting.json").read_bytes())
        run(TRAIN, str(ROOT / "datasets" / "lab-v1" / "capture"), str(model))
        sys.stdout.write(
            f"{'job':>8}  {'events':>12}  {'CPU s':>8}  {'events / CPU s':>14}  {'peak MB':>8}\n"
        )
        took = {}
        for job in JOBS:
            done = json.loads(run(_JOB, job, str(log), str(model), str(place / job)))
            took[job] = done["cpu"]
            pace = done["events"] / done["cpu"]
            sys.stdout.write(
                f"{job:>8}  {done['events']:>12,}  {done['cpu']:>8.1f}  {pace:>12,.0f}  {done['mb']:>8,.0f}\n"
            )
    ratios = ", ".join(f"{took['watch'] / took[job]:.2f} x {job}" for job in JOBS[:-1])
    sys.stdout.write(f"a watch takes {ratios}\n")


if __name__ == "__main__":
    main()
