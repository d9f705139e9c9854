"""Logs for the tests of following: the shipped sample, written piece by piece."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl

from rtml.captures import Capture, open_capture
from tests.samples import DATA

SAMPLE = DATA / "bpftrace"


def lines() -> list[bytes]:
    """Lines of the shipped log; some are damaged on purpose."""
    with gzip.open(SAMPLE / "bpftrace.jsonl.gz") as stream:
        return stream.read().splitlines(keepends=True)


def log_in(folder: Path, raw: bytes = b"", name: str = "log.jsonl") -> Path:
    """Write a log with the description of its containers beside it."""
    folder.mkdir(exist_ok=True)
    (folder / "sitting.json").write_bytes((SAMPLE / "sitting.json").read_bytes())
    (folder / name).write_bytes(raw)
    return folder / name


def rows(capture: str | Path) -> pl.DataFrame:
    """Events of a capture as a set; ``seq`` only says in which order they came."""
    events = open_capture(capture).events().collect().drop("seq")
    return events.with_columns(pl.col(pl.Categorical).cast(pl.String)).sort(pl.all())


def images(capture: str | Path) -> pl.DataFrame:
    """Process images of a capture."""
    return (
        open_capture(capture)
        .processes()
        .collect()
        .drop("image_seq")
        .sort("process_id", "since", "exe", "until", "cmdline")
    )


def counted(capture: Capture) -> dict[str, object]:
    """What the manifest says of the events."""
    facts = capture.manifest.model_dump(exclude={"growing", "inputs", "rtml_version", "lost_intervals"})
    return dict(facts)
