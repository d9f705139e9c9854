"""Our own recordings: a capture and its labelled attacks, judged as `rtml experiment run` judges."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import polars as pl

from rtml.captures.store import open_capture
from rtml.datasets.contract import Dataset, Draft
from rtml.datasets.tables import parquet_table
from rtml.errors import MissingFileError, RtmlError

__all__ = ["LAB", "REPLAYS"]

_COLUMNS = ("attack_id", "container_id", "start", "end")
_DETECTORS = (
    "isolation_forest",
    "half_space_trees",
    "fading_gaussian",
    "surprise",
    "rarity",
    "largest_z",
    "pca_residual",
)


def read(source: Path, out: Path, *, split: Mapping[str, object], notes: list[str]) -> Draft:
    """Check capture and labels, and write down how they are judged; nothing is copied."""
    file = source / "labels.parquet"
    if not file.is_file():
        raise MissingFileError(f"{file}: no labels here; capture and labels.parquet are wanted")
    capture, labels = open_capture(source / "capture"), parquet_table(file, _COLUMNS)
    known = labels.filter(pl.col("container_id").is_in(capture.containers()["container_id"].to_list()))
    if known.is_empty():
        raise RtmlError(f"{file}: its {labels.height} labels name no container of the capture")
    settings: dict[str, object] = {
        "name": source.resolve().name,
        "capture": str((source / "capture").resolve()),
        "labels": str(file.resolve()),
        "split": dict(split),
        "seed": 7,
        "detectors": dict.fromkeys(_DETECTORS),
        "rules": {"pack": "container"},
        "notes": notes,
    }
    counts = {
        "events": capture.manifest.events,
        "containers": len(capture.manifest.containers),
        "attacks": labels.height,
        "attacks in unknown containers": labels.height - known.height,
        "events lost by the sensor": capture.manifest.lost,
    }
    rejects = capture.manifest.reject_reasons
    return Draft(
        [source / "capture" / "capture.json", file], experiment=settings, counts={**counts, **rejects}
    )


def _at(hour: int, minute: int) -> dt.datetime:
    return dt.datetime(2026, 11, 24, hour, minute, tzinfo=dt.UTC)


_LAB = {"calibrate": _at(3, 6), "test": _at(3, 14)}
_REPLAYS: dict[str, object] = {"calibrate": _at(10, 20), "test": _at(10, 52), "early_attacks": "leave out"}
_KNOWN = "one lab, one machine; attacks were known in advance to those who wrote rules and detectors"

LAB = Dataset(
    name="lab-v1",
    kind="experiment",
    what="six containers under load, one benign sitting and one with 16 attack replays (bpftrace)",
    licence="Apache-2.0 (this project)",
    size="388,788 events, 6 containers in each of two sittings, 16 attacks; shipped",
    origin="datasets/lab-v1 of this repository",
    row="window of 60 s",
    row_seconds=60.0,
    published_protocol="none: ours",
    protocol="experiments/lab.yml: learn and calibrate on the benign sitting, judge the other; containers x"
    " 5 minutes x"
    " process tree, false findings per container-day",
    read=partial(read, split=_LAB, notes=[_KNOWN]),
    signs=("capture/events/*/host=lab",),
    tried="datasets/lab-v1",
)

REPLAYS = Dataset(
    name="replays-v1",
    kind="experiment",
    what="52 containers of nine workloads, three sittings, 84 attack replays over 61 techniques (bpftrace)",
    licence="Apache-2.0 (this project)",
    size="4.6 M events, 222 containers, 84 attacks; shipped",
    origin="datasets/replays-v1 of this repository",
    row="window of 60 s",
    row_seconds=60.0,
    published_protocol="none: ours",
    protocol="experiments/demo.yml: learn sitting 1, calibrate on sitting 2 without its attacks, judge"
    " sitting 3;"
    " containers x 5 minutes x process tree, false findings per container-day",
    read=partial(read, split=_REPLAYS, notes=[_KNOWN]),
    signs=("sittings.json",),
    tried="datasets/replays-v1",
)
