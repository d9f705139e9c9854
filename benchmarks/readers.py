"""How fast each sensor's reader is, in multiples of bare parsing: ``python -m benchmarks.readers``.

Ratios of CPU seconds inside one run. JSON: against `orjson.loads` of the same bytes, line by line; goal 4.
Parquet: against `polars.read_parquet` of the same file; goal 3. SysFlow is set against fastavro and bpftrace
against orjson without a goal: theirs is twice the rate of an older commit, in a worktree of it.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import fastavro
import orjson
import polars as pl

from benchmarks.long_import import SAMPLE, write_log
from benchmarks.reader_inputs import DATA, json_log
from rtml.captures.sensors import SENSORS
from rtml.captures.sensors.sysflow.records import without_logical_types

__all__ = ["HEAD", "READERS", "Speed", "measured", "row"]

JSON_GOAL, PARQUET_GOAL = 4.0, 3.0
_LOGS = {
    "ecs": "ecs/events.jsonl",
    "falco": "falco/events.jsonl",
    "falco alerts": "falco/alerts.jsonl",
    "hubble": "hubble/export.jsonl",
    "inspektor-gadget": "inspektor-gadget/events.jsonl",
    "k8s-audit": "k8s-audit/audit.jsonl",
    "kubearmor": "kubearmor/logs.jsonl",
    "kubescape": "kubescape/alerts.jsonl",
    "laurel": "laurel/laurel.log",
    "ocsf": "ocsf/events.jsonl",
    "sysdig": "sysdig/events.jsonl",
    "tetragon": "tetragon/export.jsonl",
    "tracee flat": "tracee/flat.jsonl",
    "tracee nested": "tracee/nested.jsonl",
    "tracee v1beta1": "tracee/v1beta1.jsonl",
    "zeek": "zeek/conn.log",
}
"""Name of a row to the sample that is lengthened."""


HEAD = (
    f"{'reader':<17} {'MB':>6} {'records':>9} {'records/s':>10} {'CPU s':>7} {'bare s':>7} {'ratio':>6}  goal"
)


class Speed(NamedTuple):
    """CPU seconds of a reader and of only parsing, and what was read."""

    name: str
    megabytes: float
    records: int
    seconds: float
    bare: float
    goal: float | None

    @property
    def ratio(self) -> float:
        """How many times what only parsing costs."""
        return self.seconds / self.bare


def _taken(work: Callable[[], object]) -> float:
    """Return CPU seconds of all threads."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _measure(name: str, path: Path, bare: Callable[[], object], goal: float | None, repeat: int) -> Speed:
    read = SENSORS[name.partition(" ")[0]].read
    reading = read(path)
    records = reading.records + sum(reading.beside.values())
    # In turns, so that a machine that slows down slows both; the least of each.
    turns = [(_taken(lambda: read(path)), _taken(bare)) for _ in range(repeat)]
    seconds, least = (min(column) for column in zip(*turns, strict=True))
    return Speed(name, path.stat().st_size / 1e6, records, seconds, least, goal)


def _parse(raw: bytes) -> None:
    for line in raw.split(b"\n"):
        if line:
            with suppress(ValueError):  # samples have lines that are refused
                orjson.loads(line)


def of_json(name: str, folder: Path, size: int, repeat: int) -> Speed:
    """Measure a reader of JSON lines."""
    raw = json_log(name.partition(" ")[0], DATA / _LOGS[name], size)
    path = folder / Path(_LOGS[name]).name
    path.write_bytes(raw)
    return _measure(name, path, lambda: _parse(raw), JSON_GOAL, repeat)


def of_parquet(name: str, folder: Path, size: int, repeat: int) -> Speed:
    """Measure OCSF as Security Lake writes it."""
    raw = json_log("ocsf", DATA / "ocsf/events.jsonl", size)
    path = folder / "lake.parquet"
    rows = [orjson.loads(line) for line in raw.splitlines()]
    typed = pl.DataFrame([r for r in rows if "class_uid" in r], infer_schema_length=None, strict=False)
    typed.write_parquet(path)
    return _measure(name, path, lambda: pl.read_parquet(path), PARQUET_GOAL, repeat)


def of_bpftrace(name: str, folder: Path, size: int, repeat: int) -> Speed:
    """Measure our own sensor's log."""
    path = folder / "bpftrace.jsonl"
    with gzip.open(SAMPLE) as stream:
        sample = stream.read()
    write_log(SAMPLE, path, sample.count(b"\n") * size // len(sample))
    raw = path.read_bytes()
    return _measure(name, path, lambda: _parse(raw), None, repeat)


def of_sysflow(name: str, folder: Path, size: int, repeat: int) -> Speed:
    """Measure SysFlow: the sample's records again and again, in one file."""
    path = folder / "long.sf"
    with (DATA / "sysflow/shop.sf").open("rb") as file:
        reader = fastavro.reader(file, return_record_name=True)
        schema = reader.writer_schema
        without_logical_types(schema)
        records = list(reader)
    times = max(1, size // (DATA / "sysflow/shop.sf").stat().st_size // 4)
    with path.open("wb") as file:
        fastavro.writer(file, schema, records * times, codec="deflate")

    def bare() -> None:
        with path.open("rb") as file:
            reader = fastavro.reader(file, return_record_name=True)
            without_logical_types(reader.writer_schema)
            for _ in reader:
                pass

    return _measure(name, path, bare, None, repeat)


READERS: dict[str, Callable[[str, Path, int, int], Speed]] = {
    **dict.fromkeys(_LOGS, of_json),
    "ocsf parquet": of_parquet,
    "bpftrace": of_bpftrace,
    "sysflow": of_sysflow,
}


def measured(names: list[str], megabytes: float, repeat: int) -> Iterator[Speed]:
    """Measure readers, one after the other."""
    for name in names:
        with tempfile.TemporaryDirectory() as place:
            yield READERS[name](name, Path(place), int(megabytes * 1e6), repeat)


def row(speed: Speed) -> str:
    """Return one line of the table, and whether the reader is within its goal."""
    goal = ""
    if speed.goal is not None:
        goal = f"{speed.goal:.0f} {'held' if speed.ratio <= speed.goal else 'MISSED'}"
    rate = speed.records / speed.seconds
    return (
        f"{speed.name:<17} {speed.megabytes:>6.1f} {speed.records:>9,} {rate:>10,.0f} {speed.seconds:>7.2f}"
        f" {speed.bare:>7.2f} {speed.ratio:>6.1f}  {goal}"
    )


def main() -> None:
    """Measure the readers that are named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("readers", nargs="*", default=list(READERS), help=", ".join(READERS))
    parser.add_argument("--megabytes", type=float, default=20)
    parser.add_argument("--repeat", type=int, default=5)
    given = parser.parse_args()
    sys.stdout.write(f"{HEAD}\n")
    for speed in measured(given.readers, given.megabytes, given.repeat):
        sys.stdout.write(f"{row(speed)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
