"""SysFlow traces of a Kubernetes pod that is compromised: ninety seconds, a label per record.

``proc_mon.*.sf`` (Avro) and ``labels/lineage_labels.csv*``: ``file``, ``record_index``, ``attack``.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from rtml.captures.importing import import_capture
from rtml.captures.store import open_capture
from rtml.datasets.contract import EVENT_LABELS, Dataset, Draft, Span
from rtml.datasets.finding import matching
from rtml.datasets.tables import csv_table
from rtml.errors import RtmlError
from rtml.reading.parquet import read_parquet
from rtml.schema import REJECTS, conform, empty

__all__ = ["SYSFLOW"]

_LABELS = ("labels/lineage_labels.csv*", "lineage_labels.csv*")
_COLUMNS = ("file", "record_index", "attack")
_FIRST = "proc_mon.1531776682"
_LEARN = dt.timedelta(seconds=12)


def read(source: Path, out: Path) -> Draft:
    """Import each file by itself, so that records keep their numbers, and join the labels."""
    files = matching(source, ("proc_mon.*.sf",), "the pod's traces")
    names = [path.name.removesuffix(".sf") for path in files]
    if names[0] != _FIRST or len(names) == 1:
        raise RtmlError(f"{source}: {_FIRST}.sf and what follows it are wanted; there is {', '.join(names)}")
    labels_file = matching(source, _LABELS, "the labels")[0]
    for name, path in zip(names, files, strict=True):
        import_capture("sysflow", [path], out / name)
    labels, counts = _labels(labels_file, out, names)
    learnt = (open_capture(out / _FIRST).span[0] + _LEARN).replace(microsecond=0)
    spans = [
        Span("train", (_FIRST,), None, learnt),
        Span("calibrate", (_FIRST,), learnt, None),
        Span("test", tuple(name for name in names if name != _FIRST)),
    ]
    rejects = [empty(REJECTS), *(read_parquet(out / name / "rejects.parquet") for name in names)]
    return Draft(
        [*files, labels_file],
        spans=spans,
        labels=labels,
        every="1s",
        counts=counts,
        rejects=pl.concat(rejects).with_columns(pl.col("file").str.split("/").list.last()),
        notes=["one pod, one intrusion: nothing here tells how often an attack is found"],
    )


def _labels(path: Path, out: Path, names: list[str]) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the labels of records that the captures hold; those that match nothing are counted."""
    table, _ = csv_table(path, _COLUMNS)
    rows = table.select(
        capture=pl.col("file").str.strip_suffix(".sf"),
        seq=pl.col("record_index").cast(pl.Int64, strict=False),
        attack=pl.col("attack").cast(pl.Float64, strict=False).cast(pl.Int8, strict=False),
    ).filter(pl.col("capture").is_in(names))
    events = [
        open_capture(out / name).events(["host", "seq"]).with_columns(capture=pl.lit(name)).collect()
        for name in names
    ]
    held = pl.concat([part.with_columns(pl.col("host").cast(pl.String)) for part in events])
    joined = held.join(rows, on=["capture", "seq"], how="inner")
    if joined.is_empty():
        raise RtmlError(f"{path}: its labels match no record of {', '.join(names)}")
    marked = joined.filter(pl.col("attack") == 1).with_columns(attack_id=pl.lit("dropped tool"))
    counts = {
        "events": held.height,
        "events without a label (taken for benign)": held.height - joined.height,
        "labels that match no event": rows.height - joined.height,
        "attack events": marked.height,
    }
    return conform(marked, EVENT_LABELS), counts


SYSFLOW = Dataset(
    name="sysflow",
    kind="events",
    what="90 s of one Kubernetes pod: normal load, then a tool written to /tmp and run, packages, an upload",
    licence="Apache-2.0",
    size="3 files, 1.5 MB; 45,105 records",
    origin="sysflow-telemetry/sf-collector and sf-processor on GitHub; labels by lineage (../shared/data)",
    row="record",
    published_protocol="none: the traces were published for testing a processor, without results",
    protocol="a record has the score of its process tree's second; learn 12 s of the first file, threshold"
    " from its other 18 s, judge the files after it by each record's label; the dropped tool is one attack",
    read=read,
    signs=("proc_mon.*.sf",),
    folders=("SysFlow",),
    tried="proc_mon of ../shared/data/sysflow",
    early="keep",
)
