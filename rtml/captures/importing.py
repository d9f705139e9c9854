"""Sensor output to capture: read, resolve processes, order, describe, write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import polars as pl

from rtml.captures.audit import AUDIT, with_final
from rtml.captures.copies import copies_among, refuse_copies, same_records
from rtml.captures.counting import Counts
from rtml.captures.instances import identify
from rtml.captures.inventory.joining import named_by
from rtml.captures.manifest import Manifest
from rtml.captures.naming import one_spelling
from rtml.captures.overlapping import without_repeats
from rtml.captures.pieces import is_long
from rtml.captures.processes import process_images, with_images
from rtml.captures.provenance import with_provenance
from rtml.captures.repairs import repairs_of
from rtml.captures.rotation import log_of
from rtml.captures.scope import scoped
from rtml.captures.sensors import SENSORS, Reading, Sensor
from rtml.captures.sensors.choosing import AUTO, choose
from rtml.captures.streaming import stream_capture
from rtml.captures.write import write_capture
from rtml.errors import UsageError, lookup
from rtml.progress import stage, steps
from rtml.reading.remote import fetched
from rtml.reading.whole import require_new
from rtml.schema import conform, empty

__all__ = ["import_capture"]

Copies = Literal["refuse", "leave out"]


def import_capture(
    sensor: str | Sensor,
    inputs: Sequence[Path | str],
    out: Path,
    scope: Path | None = None,
    copies: Copies = "refuse",
    containers: Sequence[Path] = (),
) -> Manifest:
    """Import sensor files into a new capture.

    Long inputs of sensors that read lines are read in blocks (`rtml.captures.streaming`): memory does not
    grow with them, and the capture is sorted into shards of containers.

    Parameters
    ----------
    sensor
        Name of a registered sensor format, one that is not registered, or ``auto``: the one that wrote
        the files.
    inputs
        Files, in any order, folders and patterns (`rtml.captures.sensors.choosing`), or URLs of a store
        (``s3://bucket/logs``, `rtml.reading.remote`). Process ids are resolved within a sitting: a log, with
        the files that it was rotated into, by what the sensor tells or else by their names.
    out
        Folder to make; it must not exist.
    scope
        File that says what is looked at (`rtml.captures.scope`); None: everything.
    copies
        What becomes of a file that holds the records of another: ``refuse``, or ``leave out`` and count
        them, which is what ``auto`` does, and what is done in folders. A file that shares a part with
        another is imported without it, which is counted (`rtml.captures.overlapping`).
    containers
        Files that list containers (``kubectl get pods -o json``, ``crictl ps -o json``, ``docker inspect``):
        names that the sensor does not give are taken from there (`rtml.captures.inventory`).

    Returns
    -------
    The manifest, as written to ``capture.json``. A row that cannot be read is counted there and
    kept with its reason in ``rejects.parquet``; it never stops the others.

    Raises
    ------
    UsageError
        No such sensor, no input, or the same file twice, packed or under another name too; a file of
        ``containers`` lists none.
    RtmlError
        A file is missing, empty or of another format; ``out`` exists or cannot be written.
    """
    require_new(out)
    with fetched(inputs) as here:
        kind, files, copies = _chosen(sensor, here, copies)
        if containers:
            kind = named_by(kind, containers)
        if scope is not None:
            kind = scoped(kind, scope)
        copied = _copied(copies_among(files), copies)
        originals = [path for path in files if path not in copied]
        if kind.lines is not None and is_long(originals):
            return stream_capture(kind, originals, out, copied)
        read = {path: _of_its_log(kind.read(path), path) for path in steps(originals, "reading", "files")}
        again = _copied(same_records(originals, list(read.values())), copies)
        kept = without_repeats({p: read[p] for p in originals if p not in again})
        return _import(kind, kept, out, {**copied, **again})


def _copied(found: dict[Path, Path], copies: Copies) -> dict[Path, Path]:
    if copies == "refuse":
        refuse_copies(found)
    return found


def _import(kind: Sensor, read: dict[Path, Reading], out: Path, copied: Mapping[Path, Path]) -> Manifest:
    """Make a capture of what was read of each file; ``copied`` are files that were left out."""
    originals = list(read)
    readings, _ = one_spelling(kind.together(list(read.values())))
    with stage("resolving processes"):
        events, images, audit = _resolved(kind, readings)
    counts = Counts.of(kind)
    counts.see(events)
    for path, reading in zip(originals, readings, strict=True):
        counts.take(reading, str(path), 0)
    manifest = counts.of_files(originals, copied)
    earlier = int((~audit["final"]).sum())
    told = {"audit_earlier": earlier, "repairs": repairs_of(images, counts.start)}
    manifest = manifest.model_copy(update=told)
    rejects = pl.concat([r.rejects for r in readings]).sort("file", "line")
    write_capture(out, manifest, events, images, rejects, audit)
    return manifest


def _chosen(
    sensor: str | Sensor, inputs: Sequence[Path], copies: Copies
) -> tuple[Sensor, Sequence[Path], Copies]:
    """Return the sensor, its files, and what becomes of copies: files that nobody named may be some."""
    if sensor == "generic":
        raise UsageError("generic rows need a mapping: generic(mapping) of rtml.captures.sensors.generic")
    if not inputs:
        raise UsageError("nothing to import: name at least one input file")
    wanted = None if sensor == AUTO else sensor if isinstance(sensor, Sensor) else _registered(sensor)
    chosen = choose(inputs, wanted)
    if len({path.resolve() for path in chosen.files}) < len(chosen.files):
        raise UsageError("the same input file was named twice")
    if wanted is None or chosen.files != list(inputs):
        copies = "leave out"
    return wanted or _registered(chosen.sensor), chosen.files, copies


def _registered(name: str) -> Sensor:
    return lookup(SENSORS, name, "sensor")


def _resolved(kind: Sensor, readings: list[Reading]) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return events in order, each with its process; the processes; the rows of the audit table."""
    sittings = _numbered(_identified(kind, readings))
    events = pl.concat(sittings).sort("time", "seq", maintain_order=True)
    audit = _audit(readings, sittings)
    declared = [r.processes for r in readings if r.processes is not None]
    images = process_images(events, pl.concat(declared, how="diagonal_relaxed") if declared else None)
    return with_provenance(with_images(events, images)), images, audit


def _of_its_log(reading: Reading, path: Path) -> Reading:
    """Return a reading with its sitting: a log with its rotated files, where the sensor tells none."""
    return reading if reading.sitting is not None else replace(reading, sitting=f"log {log_of(path)}")


def _identified(sensor: Sensor, readings: list[Reading]) -> list[pl.DataFrame]:
    """Return the events of each reading with their processes, known over its whole sitting."""
    events = [conform(reading.events) for reading in readings]
    if sensor.identified:
        return events
    files: dict[str | int, list[int]] = {}
    for i, reading in enumerate(readings):
        files.setdefault(i if reading.sitting is None else reading.sitting, []).append(i)
    for places in files.values():
        order = sorted(places, key=lambda i: _begin(events[i]))
        known, begin = conform(identify(pl.concat([events[i] for i in order]))), 0
        for i in order:
            events[i], begin = known.slice(begin, events[i].height), begin + events[i].height
    return events


def _begin(events: pl.DataFrame) -> tuple[bool, int, int]:
    """Return what sorts files by their first event, to the nanosecond; those without any come last."""
    first = events.select(pl.col("time").dt.epoch("ns").min()).item()
    return first is None, first or 0, events.height


def _numbered(sittings: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """Let ``seq`` count on over sittings by start, from the sensor's own where it has one."""
    order = sorted(range(len(sittings)), key=lambda i: _begin(sittings[i]))
    shift, parts = 0, dict[int, pl.DataFrame]()
    for i in order:
        in_time = sittings[i].sort("time", "seq", maintain_order=True)
        has_seq = in_time["seq"].null_count() == 0
        seq = pl.col("seq") if has_seq else pl.int_range(pl.len(), dtype=pl.Int64)
        parts[i] = in_time.with_columns(seq=seq + shift)
        shift = max(shift, (parts[i].select(pl.col("seq").max()).item() or 0) + 1)
    return [parts[i] for i in range(len(sittings))]


def _audit(readings: list[Reading], sittings: list[pl.DataFrame]) -> pl.DataFrame:
    """Give audit rows the numbers of their events: a reading has both in one order."""
    tables = [
        reading.audit.with_columns(sitting["seq"])
        for reading, sitting in zip(readings, sittings, strict=True)
        if reading.audit is not None
    ]
    return with_final(pl.concat([empty(AUDIT), *tables]).lazy()).collect().sort("host", "seq")
