"""What the scoring job costs: processor time per event, and the most memory that all its processes hold.

The capture is the lab's, every half hour of a day again; one container has nine of ten events. Or synthetic
(`benchmarks.synthetic`), of which one event in three is a pair of its own. The job runs with our rules and
without them, and the rules by themselves.
``python -m benchmarks.scoring_job --events 4 --memory 1GB --workers 2 [--synthetic | --various]``
(millions of events; ``--various``: a million programs, ten million destinations).
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.synthetic import SHARES, write_parts
from rtml.captures import open_capture
from rtml.captures.manifest import Manifest
from rtml.captures.write import as_stored, placed
from rtml.models import train

LAB = Path(__file__).parents[1] / "datasets" / "lab-v1" / "capture"
SHARE = 0.9


def made(folder: Path, events: int, various: bool = False) -> Path:
    """Write a capture of about so many events, half hour by half hour, so that memory does not grow."""
    lab = open_capture(LAB)
    day, length = 86_400 * 10**9, 31 * 60 * 10**9
    one = _half_hour(lab.events().collect())
    first = one["time"].to_physical().min()
    assert isinstance(first, int)
    one = _later(one, 30 * day - first % day).sort("time")
    halves = max(1, round(events / one.height))
    stored = [(inside, as_stored(rows)) for inside, rows in placed(_numbered(one))]
    for number in range(halves):
        for inside, table in stored:
            rows = _moved(table, number, length, one.height)
            if various:
                rows = as_stored(_varied(pl.DataFrame(pl.from_arrow(rows))))
            place = folder / "events" / inside
            place.mkdir(parents=True, exist_ok=True)
            name = place / f"part-{number}.parquet"
            pq.write_table(rows, name, row_group_size=256_000, compression="zstd", compression_level=1)
    counts = dict(one["container_id"].cast(pl.String).value_counts().iter_rows())
    begin, end = one["time"][0], one["time"][-1] + dt.timedelta(microseconds=length * (halves - 1) // 1000)
    moved = {"first_seen": begin, "last_seen": end, "started": None}
    containers = [
        c.model_copy(update=moved | {"events": counts.get(c.container_id, 0) * halves})
        for c in lab.manifest.containers
    ]
    manifest = Manifest(sensor="bench", hosts=lab.manifest.hosts, containers=containers, start=begin, end=end,
                        events=halves * one.height)  # fmt: skip
    lab.processes().collect().write_parquet(folder / "processes.parquet")
    (folder / "capture.json").write_text(manifest.to_json())
    return folder


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(seq=pl.int_range(pl.len(), dtype=pl.Int64))


def _moved(table: pa.Table, number: int, length: int, height: int) -> pa.Table:
    """Return the rows so many half hours later, with numbers of their own: nothing else is made again."""
    for name, more in (("time", length * number), ("seq", height * number)):
        place, kind = table.schema.get_field_index(name), table.schema.field(name).type
        moved = pc.add(table[name].cast(pa.int64()), more).cast(kind)
        table = table.set_column(place, table.schema.field(name), moved)
    return table


def _half_hour(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the lab's half hour with the busiest container so often that it has nine of ten events."""
    busy = rows["container_id"].value_counts().sort("count").drop_nulls()["container_id"][-1]
    own, others = rows.filter(pl.col("container_id") == busy), rows.filter(pl.col("container_id") != busy)
    times = round(SHARE / (1 - SHARE) * others.height / own.height)
    loud = [_jittered(_later(own, 7_000_000 * n), n) for n in range(max(times, 1))]
    return _jittered(pl.concat([others, *loud]), 100)


def _varied(rows: pl.DataFrame) -> pl.DataFrame:
    """Give one event in ten a program of a million, and each connection a destination of ten million."""
    drawn = pl.col("seq") * 2_654_435_761 % 2**32
    program, place = drawn % 1_000_000, drawn % 10_000_000
    address = pl.concat_str(
        [pl.lit("10"), *((place // 256**byte % 256).cast(pl.String) for byte in (2, 1, 0))], separator="."
    )
    exe = pl.concat_str([pl.lit("/opt/x"), program.cast(pl.String), pl.lit("/run")])
    return rows.with_columns(
        exe=pl.when(pl.col("seq") % 10 == 0).then(exe).otherwise(pl.col("exe").cast(pl.String)),
        dst_ip=pl.when(pl.col("dst_ip").is_not_null()).then(address),
    ).cast({"exe": rows.schema["exe"], "dst_ip": rows.schema["dst_ip"]})


def _later(rows: pl.DataFrame, nanoseconds: int) -> pl.DataFrame:
    time = pl.col("time").to_physical() + nanoseconds
    return rows.with_columns(time.cast(rows.schema["time"]))


def made_synthetic(folder: Path, events: int, day: int, seed: int) -> Path:
    """Write a synthetic capture of a day; another seed has other draws of the same programs."""

    def later(part: pl.DataFrame, _: np.random.Generator) -> pl.DataFrame:
        return part.with_columns(pl.col("time") + dt.timedelta(days=day))

    return write_parts(folder, events, seed, SHARES, later)


def _jittered(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Move every event by less than a millisecond: a model knows its own events by their paces."""
    moved = (pl.int_range(pl.len()) * 7_919 + seed * 104_729) % 1_000_003
    time = pl.col("time").to_physical() + moved
    return rows.with_columns(time.cast(rows.schema["time"]))


def measured(line: list[str]) -> tuple[float, float, float]:
    """Run a command; return seconds, processor seconds, most memory of it and its children (bytes)."""
    begun, peak = time.monotonic(), 0
    before = os.times()
    process = psutil.Popen(line)
    while process.poll() is None:
        held, looked = 0, time.monotonic()
        for one in [process, *process.children(recursive=True)]:
            try:
                held += one.memory_full_info().uss
            except psutil.Error:
                continue
        peak = max(peak, held)
        # A look at large processes takes tens of milliseconds in which they cannot ask for memory.
        time.sleep(max(0.1, 20 * (time.monotonic() - looked)))
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, line)
    return time.monotonic() - begun, spent, peak


def main() -> None:
    """Make a capture and a model, score it, print what it cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=float, default=2.0, help="millions")
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--workers", default="2")
    parser.add_argument("--synthetic", action="store_true")
    parser.add_argument("--various", action="store_true", help="1 M programs, 10 M destinations")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        number, learnt = int(asked.events * 1e6), LAB
        if asked.synthetic:
            capture = made_synthetic(place / "capture", number, 1, 2)
            learnt = made_synthetic(place / "learnt", 500_000, 0, 1)
        else:
            capture = made(place / "capture", number, asked.various)
        model = train(open_capture(learnt), ["surprise", "half_space_trees", "isolation_forest"])
        model.save(place / "model")
        events = open_capture(capture).manifest.events
        line = [sys.executable, "-m", "rtml.cli", "score", str(capture), "--model", str(place / "model")]
        line += ["--out", str(place / "out"), "--memory", asked.memory, "--workers", asked.workers]
        ruling = [sys.executable, "-m", "rtml.cli", "rules", str(capture), "--out", str(place / "r.parquet")]
        reading = [sys.executable, "-m", "benchmarks.jobs", "read_all", str(capture)]
        together = [*line, "--rules"]
        together[together.index(str(place / "out"))] = str(place / "both")
        for name, command in (("model and rules", together), ("model", line), ("rules", ruling),
                              ("bare read", reading)):  # fmt: skip
            seconds, spent, peak = measured(command)
            sys.stdout.write(
                f"{name}: {events:,} events · {asked.memory} · {asked.workers} workers: {seconds:.1f} s,"
                f" {spent:.1f} CPU s, {events / spent:,.0f} events per CPU second, at most"
                f" {peak / 1e6:,.0f} MB\n"
            )


if __name__ == "__main__":
    main()
