"""BETH: kernel events of honeypot hosts with two labels per event, ``sus`` and ``evil``.

``labelled_training_data.csv``, ``labelled_validation_data.csv`` and ``labelled_testing_data.csv`` (any
prefix), as published. Times are seconds since boot: captures lie in 1970, and so do labels.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rtml.captures.importing import import_capture
from rtml.captures.store import Capture, open_capture
from rtml.datasets.contract import EVENT_LABELS, Dataset, Draft, Published, Span
from rtml.datasets.finding import matching
from rtml.datasets.tables import csv_table
from rtml.errors import RtmlError
from rtml.reading.parquet import read_parquet
from rtml.schema import REJECTS, conform, empty

__all__ = ["BETH", "LABEL"]

LABEL = "sus"
"""The label that published results are of: unusual, ``evil`` among it."""

_ROLES = {"training": "train", "validation": "calibrate", "testing": "test"}


def read(source: Path, out: Path) -> Draft:
    """Import the three files of process events, and join each event with its labels by its row."""
    files = {part: _one(source, part) for part in _ROLES}
    spans, labels, rejects = [], [], [empty(REJECTS)]
    counts: dict[str, int] = {}
    for part, path in files.items():
        import_capture("beth", [path], out / part)
        capture = open_capture(out / part)
        spans.append(Span(_ROLES[part], (part,)))
        rejects.append(read_parquet(out / part / "rejects.parquet"))
        ours, facts = _labels(path, part, capture)
        labels.append(ours)
        counts |= facts
    return Draft(
        list(files.values()),
        spans=spans,
        labels=pl.concat(labels),
        counts=counts,
        rejects=pl.concat(rejects).with_columns(pl.col("file").str.split("/").list.last()),
        notes=[
            "DNS files have another clock and are not read",
            f"the label is {LABEL!r}; 'evil' is counted only",
        ],
    )


def _one(source: Path, part: str) -> Path:
    files = matching(source, (f"*labelled_{part}_data.csv*",), f"the {part} file")
    if len(files) > 1:
        raise RtmlError(
            f"{source}: {len(files)} {part} files, {files[0].name} and {files[1].name}; leave one"
        )
    return files[0]


def _labels(path: Path, part: str, capture: Capture) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the labels of the events that the capture holds, and how many of each kind there are."""
    table, _ = csv_table(path, ("hostName", "sus", "evil"))
    marks = {name: pl.col(name).str.strip_chars().cast(pl.Float64, strict=False) for name in ("sus", "evil")}
    rows = table.with_columns(seq=pl.col("line") - 2, **marks)
    odd = rows.filter(~pl.col("sus").is_in([0.0, 1.0]).fill_null(False))
    if odd.height:
        raise RtmlError(f"{path}: row {odd['line'][0]}: 'sus' must be 0 or 1 ({odd.height:,} rows are not)")
    events = capture.events(["host", "seq"]).with_columns(pl.col("host").cast(pl.String)).collect()
    joined = events.join(rows, on="seq", how="inner")
    if joined.is_empty():
        raise RtmlError(f"{path}: its labels match no event")
    marked = joined.filter(pl.col(LABEL) == 1)
    labels = marked.with_columns(
        capture=pl.lit(part), attack=pl.lit(1, pl.Int8), attack_id=pl.format("{}/{}", pl.lit(part), "host")
    )
    counts = {f"{part} events": events.height, **{f"{part}, {n}": int((joined[n] == 1).sum()) for n in marks}}
    return conform(labels, EVENT_LABELS), counts


BETH = Dataset(
    name="beth",
    kind="events",
    what="kernel events (Tracee) of 23 honeypot hosts, each event labelled: suspicious (sus), of an attack"
    " (evil)",
    licence="CC0 / CC-BY-4.0",
    size="763,144 training, 188,967 validation and 188,967 testing events; 2 GB with what is not used here",
    origin="Highnam et al., ICML UDL 2021 (CEUR Vol-3095, paper 1); Kaggle, BETH dataset",
    row="event",
    published_protocol="learn the training events, rank the testing events; AUROC of sus",
    protocol="an event has the score of its process tree's minute; learn training, threshold from"
    " validation, rank and"
    " flag testing events by sus; the attacked host is one attack",
    read=read,
    signs=("*labelled_training_data.csv*", "*labelled_testing_data.csv*"),
    folders=("BETH", "beth-dataset"),
    tried="the first 100 rows of each file in ../shared/data/beth",
    early="keep",
    published=(
        Published(
            "robust covariance",
            "Highnam et al. 2021, testing events, sus; quoted at second hand",
            auroc=0.519,
        ),
        Published(
            "one-class SVM", "Highnam et al. 2021, testing events, sus; quoted at second hand", auroc=0.605
        ),
        Published(
            "isolation forest", "Highnam et al. 2021, testing events, sus; quoted at second hand", auroc=0.850
        ),
        Published(
            "VAE + DoSE (SVM)", "Highnam et al. 2021, testing events, sus; quoted at second hand", auroc=0.698
        ),
    ),
)
