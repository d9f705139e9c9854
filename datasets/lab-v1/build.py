"""Make this dataset from the recordings: `python datasets/lab-v1/build.py ../shared/data/lab`."""

import shutil
import sys
from pathlib import Path

import polars as pl
from rtml.captures.sensors.sitting import read_sitting

from rtml.captures import import_capture, open_capture
from rtml.captures.identity import process_id
from rtml.schema import LABELS, conform

HERE = Path(__file__).parent
SITTINGS = ("benign", "attacks")


def build(lab: Path) -> None:
    """Import both sittings into one capture and write its labels beside it."""
    shutil.rmtree(HERE / "capture", ignore_errors=True)
    import_capture("bpftrace", [lab / s / "bpftrace.jsonl.gz" for s in SITTINGS], HERE / "capture")
    labels = pl.concat([_labels(lab / sitting) for sitting in SITTINGS])
    known = open_capture(HERE / "capture").processes().select("process_id").collect()
    lost = labels.join(known, on="process_id", how="anti")
    if lost.height:
        raise SystemExit(f"root process not in the capture: {lost['attack_id'].to_list()}")
    labels.write_parquet(HERE / "labels.parquet")


def _labels(sitting: Path) -> pl.DataFrame:
    if not (sitting / "labels.jsonl").stat().st_size:
        return conform(pl.DataFrame(), LABELS)
    clock = read_sitting(sitting / "sitting.json")
    rows = pl.read_ndjson(sitting / "labels.jsonl")
    started = rows["root_started_boot_ns"] + clock.offset
    host = pl.Series([clock.host] * rows.height)
    roots = process_id(host, rows["root_pid"].to_numpy(), started.to_numpy())
    return conform(rows.with_columns(host=host, process_id=pl.Series(roots)), LABELS)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
