"""Peak memory of the end of a long import, by process images: ``python -m benchmarks.process_table 20 330``.

What 60,000 lines of the shipped bpftrace sample leave behind of processes is laid down so many times, each an
hour later; then the table of processes is made of all of it, in a process of its own. 330 times are as many
images as 20 million lines of that log have.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

import polars as pl

from benchmarks.long_import import ROOT, SAMPLE, write_log
from rtml.captures import streaming
from rtml.captures.sensors import SENSORS

_LINES = 60_000
_TABLES = ("kept", "processes", "given")
_IDS = ("key", "process_id", "parent_id", "seq")
_CHILD = """
import resource, sys
from pathlib import Path
from benchmarks.memory import peak
from rtml.captures import streaming
from rtml.captures.following.gathering import Gathered
from rtml.captures.retired import Retired
from rtml.captures.sensors import SENSORS
kind, half = SENSORS["bpftrace"], Path(sys.argv[1])
stream = streaming._Stream(kind, half, Gathered.begin(kind))
stream.sittings = [Retired(half / ".known" / "0", int(sys.argv[2]))]
meant, images, repairs = streaming._write_processes(stream, {})
own = resource.getrusage(resource.RUSAGE_SELF)
print(images.height, own.ru_utime + own.ru_stime, peak())
"""


def left_behind(place: Path) -> list[pl.DataFrame]:
    """Import the sample; return what was put aside of its processes."""
    write_log(SAMPLE, place / "log.jsonl", _LINES)
    shutil.copy(SAMPLE.parent / "sitting.json", place)
    with mock.patch.object(streaming.shutil, "rmtree"), mock.patch.object(streaming, "_REMEMBERED", 10**9):
        streaming.stream_capture(SENSORS["bpftrace"], [place / "log.jsonl"], place / "c")
    return [pl.read_parquet(place / "c" / ".known" / "0" / f"{name}-00000001.parquet") for name in _TABLES]


def later(rows: pl.DataFrame, copy: int) -> pl.DataFrame:
    """Return rows of other processes, so many hours later."""
    shift = pl.duration(hours=copy, time_unit="ns")
    ids = [pl.col(name) + copy * 10**13 for name in rows.columns if name in _IDS]
    return rows.with_columns(pl.col(pl.Datetime("ns", "UTC")) + shift, *ids)


def main() -> None:
    """Measure and print a line for each number of copies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("copies", nargs="*", type=int, default=[20, 330])
    given = parser.parse_args()
    sys.stdout.write(f"{'images':>10}  {'CPU s':>6}  {'peak MB':>8}\n")
    with tempfile.TemporaryDirectory() as name:
        tables = left_behind(Path(name))
        for copies in given.copies:
            half = Path(name) / str(copies)
            (known := half / ".known" / "0").mkdir(parents=True)
            for copy in range(copies):
                for table, rows in zip(_TABLES, tables, strict=True):
                    later(rows, copy).write_parquet(known / f"{table}-{copy + 1:08d}.parquet")
            command = [sys.executable, "-c", _CHILD, str(half), str(copies)]
            done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
            images, seconds, peak = done.stdout.split()
            sys.stdout.write(f"{int(images):>10,}  {float(seconds):>6.1f}  {int(peak) / 1e6:>8,.0f}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
