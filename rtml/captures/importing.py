"""Sensor output to capture: read, resolve processes, order, describe, write."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import polars as pl

from rtml.captures.audit import AUDIT, with_final
from rtml.captures.copies import refuse_copies, without_copies
from rtml.captures.instances import identify
from rtml.captures.manifest import Container, Input, LostInterval, Manifest
from rtml.captures.naming import one_spelling
from rtml.captures.processes import process_images, with_images
from rtml.captures.provenance import with_provenance
from rtml.captures.scope import scoped
from rtml.captures.sensors import CONTAINERS, SENSORS, Reading, Sensor
from rtml.captures.sensors.choosing import AUTO, choose
from rtml.captures.streaming import is_long, stream_capture
from rtml.captures.write import write_capture
from rtml.errors import UsageError, lookup
from rtml.progress import stage, steps
from rtml.reading.whole import require_new
from rtml.schema import conform
from rtml.version import VERSION

__all__ = ["import_capture"]


def import_capture(
    sensor: str | Sensor,
    inputs: Sequence[Path],
    out: Path,
    scope: Path | None = None,
    copies: Literal["refuse", "leave out"] = "refuse",
) -> Manifest:
    """Import sensor files into a new capture.

    Long inputs of sensors that read lines are read in blocks (`rtml.captures.streaming`): memory does not
    grow with them, and the capture is sorted into shards of containers.

    Parameters
    ----------
    sensor
        Name of a registered sensor format, one that is not registered, or ``auto``: the one that wrote
        the files, which are then also folders and patterns (`rtml.captures.sensors.choosing`).
    inputs
        Files, in any order. Process ids are resolved within a sitting: a file, or the files of a
        log that was rotated, where the sensor tells which those are.
    out
        Folder to make; it must not exist.
    scope
        File that says what is looked at (`rtml.captures.scope`); None: everything.
    copies
        What becomes of a file that holds the records of another: ``refuse``, or ``leave out`` and count
        them, which is what ``auto`` does.

    Returns
    -------
    The manifest, as written to ``capture.json``. A row that cannot be read is counted there and
    kept with its reason in ``rejects.parquet``; it never stops the others.

    Raises
    ------
    UsageError
        No such sensor, no input, or the same file twice, packed or under another name too.
    RtmlError
        A file is missing, empty or of another format; ``out`` exists or cannot be written.
    """
    if sensor == AUTO:
        sensor, inputs, _ = choose(inputs)
        copies = "leave out"
    if sensor == "generic":
        raise UsageError("generic rows need a mapping: generic(mapping) of rtml.captures.sensors.generic")
    kind = sensor if isinstance(sensor, Sensor) else lookup(SENSORS, sensor, "sensor")
    if not inputs:
        raise UsageError("nothing to import: name at least one input file")
    if len({path.resolve() for path in inputs}) < len(inputs):
        raise UsageError("the same input file was named twice")
    require_new(out)
    if scope is not None:
        kind = scoped(kind, scope)
    if kind.lines is not None and is_long(inputs):
        return stream_capture(kind, inputs, out)
    read = [kind.read(path) for path in steps(inputs, "reading", "files")]
    if copies == "refuse":
        refuse_copies(inputs, read)
    else:
        read = without_copies(inputs, read)
    readings, unclear = one_spelling(kind.together(read))
    with stage("resolving processes"):
        events, images, audit = _resolved(kind, readings)
    rejects = pl.concat([r.rejects for r in readings]).sort("file", "line")
    manifest = _manifest(kind, inputs, readings, events, rejects).model_copy(
        update={
            "audit": audit.height,
            "audit_earlier": int((~audit["final"]).sum()),
            "unclear_containers": unclear,
            "beside": dict(sum((Counter(r.beside) for r in readings), Counter[str]())),
        }
    )
    write_capture(out, manifest, events, images, rejects, audit)
    return manifest


def _resolved(kind: Sensor, readings: list[Reading]) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return events in order, each with its process; the processes; the rows of the audit table."""
    sittings = _numbered(_identified(kind, readings))
    events = pl.concat(sittings).sort("time", "seq", maintain_order=True)
    audit = _audit(readings, sittings)
    declared = [r.processes for r in readings if r.processes is not None]
    images = process_images(events, pl.concat(declared, how="diagonal_relaxed") if declared else None)
    return with_provenance(with_images(events, images)), images, audit


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
    return with_final(pl.concat([AUDIT.to_frame(), *tables]).lazy()).collect().sort("host", "seq")


def _manifest(
    sensor: Sensor,
    inputs: Sequence[Path],
    readings: list[Reading],
    events: pl.DataFrame,
    rejects: pl.DataFrame,
) -> Manifest:
    lost = [loss for reading in readings for loss in reading.lost]
    reasons = rejects.group_by("reason").len().sort("len", "reason", descending=[True, False])
    kinds = events.group_by("kind").len().sort("len", "kind", descending=[True, False])
    return Manifest(
        rtml_version=VERSION,
        sensor=sensor.name,
        sensor_version=next((r.version for r in readings if r.version), None),
        hosts=sorted(str(host) for host in events["host"].unique().drop_nulls()),
        containers=_containers(events, readings),
        start=events["time"].min(),  # type: ignore[arg-type]
        end=events["time"].max(),  # type: ignore[arg-type]
        events=events.height,
        kinds={str(kind): int(n) for kind, n in kinds.iter_rows()},
        left_out=_left_out(readings),
        lost=sum(loss.count for loss in lost),
        lost_intervals=[LostInterval(**vars(loss)) for loss in lost],
        rejected=rejects.height,
        reject_reasons={str(reason): int(n) for reason, n in reasons.iter_rows()},
        blind=sorted(sensor.blind),
        inputs=[_input(path, r) for path, r in zip(inputs, readings, strict=True)],
    )


def _left_out(readings: list[Reading]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for reading in readings:
        counts.update(reading.left_out)
    return dict(sorted(counts.items()))


def _input(path: Path, reading: Reading) -> Input:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Input(name=path.name, bytes=path.stat().st_size, sha256=digest, records=reading.records)


def _containers(events: pl.DataFrame, readings: list[Reading]) -> list[Container]:
    """Names of a container are those of its first event that has them."""
    named = [name for name in Container.model_fields if name in events.columns]
    named = [name for name in named if name not in ("container_id", "started")]
    seen = (
        events.drop_nulls("container_id")
        .group_by(pl.col("container_id").cast(pl.String))
        .agg(
            pl.col(named).cast(pl.String).drop_nulls().first(),
            first_seen=pl.col("time").min(),
            last_seen=pl.col("time").max(),
            events=pl.len(),
        )
    )
    containers = [r.containers.cast(CONTAINERS) for r in readings if r.containers is not None]
    if containers:
        facts = pl.concat(containers).unique("container_id", keep="first", maintain_order=True)
        seen = seen.join(facts.select("container_id", "role", "started"), on="container_id", how="left")
    return [Container(**row) for row in seen.sort("container_id").to_dicts()]
