"""Every registered sensor as a target: its records in batches, and whole files of it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import polars as pl

from rtml.captures.sensors import SENSORS, Reading
from rtml.reading.content import opened
from tests.samples import DATA, shipped
from tests.soak import avro
from tests.soak.batches import Records, Told

__all__ = ["is_object", "read_sensor", "records_of", "sample_files", "told_of"]

AFFECTED = {"auditd", "bpftrace", "laurel", "sysdig"}
"""Sensors whose records are put together from lines, or mean something else behind others."""

PACKED = (b"PAR1", b"Obj\x01")
"""Files that have no lines: of other packages they are fuzzed as a whole only."""


def sample_files(name: str, given: tuple[Path, ...] = ()) -> list[bytes]:
    """Return files of a sensor: those given, those shipped, or for want of any those of all sensors."""
    files = given or shipped(name) or tuple(sorted(p for p in DATA.rglob("*") if p.is_file()))
    return [file.read_bytes() for file in files]


def read_sensor(name: str, path: Path) -> Reading:
    """Read a file; whatever it holds is accounted for."""
    return checked(SENSORS[name].read(path))


def told_of(reading: Reading) -> Told:
    """Return the kinds and times of the events, and how many records are accounted for."""
    checked(reading)
    beside = sum(reading.beside.values()) + sum(reading.left_out.values())
    keys = reading.events.select(pl.col("kind").cast(pl.String), pl.col("time").cast(pl.String))
    return Told(Counter(keys.rows()), reading.records + beside)


def checked(reading: Reading) -> Reading:
    """Hold a reading against what holds of every one."""
    both = reading.events.height + reading.rejects.height
    assert reading.records == both, f"{reading.records} records, but {both} events and rejects"
    texts = reading.events.select(pl.col(pl.String, pl.Categorical).cast(pl.String))
    empty = [column.name for column in texts if (column == "").any()]
    assert not empty, f"empty texts in {empty}"
    years = reading.events["time"].dt.year().drop_nulls()
    assert years.is_between(1970, 2199).all(), f"years {years.min()} to {years.max()}"
    return reading


def records_of(name: str, given: tuple[Path, ...] = ()) -> Records | None:
    """Return how a sensor's records are put together; None where its files have no lines."""
    if name == "sysflow" and not given:
        return Records(lambda path: told_of(SENSORS[name].read(path)), avro.good(), avro.head(), avro.whole)
    lines = [line for text in _texts(given or shipped(name)) for line in text.split(b"\n") if line.strip()]
    good = [line for line in lines if is_object(line)]
    head: list[bytes] = []
    if len(good) < len(lines) / 2:
        head = [line for line in lines[:1] if name not in AFFECTED] if lines else []
        good = [line for line in lines if line not in head and not line.startswith(b"#")]
    if not good:
        return None

    return Records(
        lambda path: told_of(SENSORS[name].read(path)),
        good,
        head,
        counts=_objects,
        stays=name not in AFFECTED,
    )


def _texts(files: tuple[Path, ...]) -> list[bytes]:
    texts = []
    for file in files:
        with opened(file) as (stream, _):
            text = stream.read()
        texts += [] if text.startswith(PACKED) else [text]
    return texts


def is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _objects(records: list[bytes]) -> int:
    return sum(is_object(line) for record in records for line in record.split(b"\n"))
