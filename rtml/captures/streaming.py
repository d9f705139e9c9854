"""Import of any size in bounded memory: line by line sensors, block by block, shard by shard.

Blocks become settled events (`rtml.captures.following.gathering`) that lie in files of their shard until
the end is read. Then every shard is read once more and written with what all blocks together told of its
processes. The events are those of an import as a whole.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from rtml.captures.ahead import ahead
from rtml.captures.audit import AUDIT, with_final
from rtml.captures.following.blocks import BlockReader, refused
from rtml.captures.following.gathering import Gathered, meant_by
from rtml.captures.following.origins import placed_in_time
from rtml.captures.following.remembering import as_meant
from rtml.captures.following.tables import Was
from rtml.captures.manifest import Manifest
from rtml.captures.mending import mended
from rtml.captures.naming import renamed_rows
from rtml.captures.parts import scan_table
from rtml.captures.pieces import pieces
from rtml.captures.processes import BY_TIME, images_of_nodes, nodes_of
from rtml.captures.provenance import WRITTEN
from rtml.captures.repairs import repairs_of
from rtml.captures.retired import Retired, spans
from rtml.captures.rotation import log_of
from rtml.captures.sensors import Sensor
from rtml.captures.shards import sharded
from rtml.captures.write import as_stored, parquet_writer, placed, write_part
from rtml.progress import stage, steps
from rtml.reading.whole import whole_folder
from rtml.schema import REJECTS, conform, empty

__all__ = ["stream_capture"]

_HOLD = dt.timedelta(seconds=60)
_GATHERED = 60_000
_GROUP = 100_000
_IMAGES = 50_000
"""Process images that are written at once, with their ancestors."""
_REMEMBERED = 50_000
"""Rows of what is known of processes from which on it is put on disk."""


@dataclass
class _Stream:
    """An import on its way: what was gathered, and where its files lie until the end.

    ``sittings`` are the time lines so far; the last one is being read.
    """

    sensor: Sensor
    half: Path
    gathered: Gathered
    sittings: list[Retired] = field(default_factory=list)
    number: int = 0

    def read(self, path: Path) -> None:
        """Gather one file."""
        assert self.sensor.lines is not None
        reader = BlockReader(self.sensor, path.parent)
        readings = ((p, reader.read(p.raw, path.name, p.line)) for p in pieces(path, self.sensor.lines.cut))
        for piece, reading in ahead(readings):
            if reading is not None:
                self.gathered.add(reading, str(path), len(piece.raw))
            if piece.problem is not None:
                line = piece.line + piece.raw.count(b"\n") + 1
                end = refused(b"-", path.name, line, piece.problem)
                said = replace(end, rejects=end.rejects.with_columns(text=pl.lit("")))
                self.gathered.add(said, str(path), 0)
            if self.gathered.pending.height >= _GATHERED:
                self.drain()
        if reader.nothing is not None:
            raise reader.nothing

    def drain(self, everything: bool = False) -> None:
        """Put what is settled into the files of its shards."""
        rows, _ = self.gathered.take(everything)
        self.number += 1
        for inside, own in placed(rows) if rows.height else []:
            for shard, events in sharded(own):
                folder = self.half / ".rows" / inside / shard
                folder.mkdir(parents=True, exist_ok=True)
                write_part(folder / f"{self.number:08d}.parquet", events)
        for name, tables in (("rejects", self.gathered.rejects), ("audit", self.gathered.audit)):
            if tables:
                (self.half / f".{name}").mkdir(exist_ok=True)
                pl.concat(tables).write_parquet(self.half / f".{name}" / f"{self.number:08d}.parquet")
                tables.clear()
        if everything or self.gathered.was.kept.height > _REMEMBERED:
            self.gathered.was = self.sittings[-1].put(self.gathered.was)

    def begin_sitting(self) -> None:
        """Begin anew with processes: the next file is of another time line."""
        self.gathered.was = Was()
        self.sittings.append(Retired(self.half / ".known" / str(len(self.sittings))))


def stream_capture(
    sensor: Sensor, inputs: Sequence[Path], out: Path, copied: Mapping[Path, Path] | None = None
) -> Manifest:
    """Import files of any size; see `rtml.captures.import_capture`, which decides when.

    ``copied`` are files beside them that hold what one of them holds.

    Raises
    ------
    RtmlError
        A file is of another format, or ``out`` cannot be written.
    """
    with whole_folder(out) as half:
        stream = _Stream(sensor, half, Gathered.begin(sensor, _HOLD))
        for sitting in _sittings(sensor, inputs):
            stream.begin_sitting()
            for path in sitting:
                stream.read(path)
            stream.drain(everything=True)
        names = stream.gathered.counts.names()
        meant, images, repairs = _write_processes(stream, names)
        with stage("resolving processes"):
            _write_shards(half, meant, images, names)
        _write_rejects(half)
        earlier = _write_audit(half)
        manifest = stream.gathered.counts.of_files(inputs, copied or {})
        manifest = manifest.model_copy(
            update={"audit_earlier": earlier, "late": stream.gathered.late, "repairs": repairs}
        )
        (half / "capture.json").write_text(manifest.to_json(), "utf-8")
        for name in (".rows", ".images", ".rejects", ".audit", ".known"):
            shutil.rmtree(half / name, ignore_errors=True)
    return manifest


def _write_processes(
    stream: _Stream, names: dict[str, str]
) -> tuple[pl.LazyFrame | None, pl.LazyFrame, dict[str, int]]:
    """Write the process images over all time lines.

    Returns
    -------
    What keys mean; of images all that rows are told of programs; what had to be made good.
    """
    known = [sitting.known() for sitting in stream.sittings]
    meant, declared = meant_by(stream.sensor, known, stream.gathered.declared)
    known.clear()
    images = images_of_nodes(_nodes(stream.sittings, meant, declared))
    folder = stream.half / ".images"
    folder.mkdir()
    files = []
    for begin in range(0, max(images.table.height, 1), _IMAGES):
        files.append(folder / f"{begin:012d}.parquet")
        rows = renamed_rows(images.rows(begin, _IMAGES).lazy(), names).collect()
        rows.write_parquet(files[-1], compression="zstd", compression_level=1)
    target = stream.half / "processes.parquet"
    whole = pl.scan_parquet(files, glob=False)
    whole.sink_parquet(target, compression="zstd", row_group_size=_IMAGES, maintain_order=True)
    repairs = repairs_of(images.table, stream.gathered.counts.start)
    shown = images.table.select(*BY_TIME, "exe", "cmdline")
    return None if meant is None else _laid(meant, folder / "meant"), _laid(shown, folder / "shown"), repairs


def _laid(table: pl.DataFrame, path: Path) -> pl.LazyFrame:
    """Lay a table on disk: each shard asks for a small part of it."""
    table.write_parquet(path, compression="zstd", compression_level=1)
    return pl.scan_parquet(path, glob=False)


def _nodes(
    sittings: Sequence[Retired], meant: pl.DataFrame | None, declared: pl.DataFrame | None
) -> pl.DataFrame:
    """Return the nodes of all processes (`rtml.captures.processes.nodes_of`), some of their ids at a time."""
    found = []
    for span in spans(sum(sitting.events() for sitting in sittings)):
        own = None if meant is None else meant.filter(span)
        keys = None if own is None else own.select("key")
        kept = pl.concat([sitting.kept(keys, span) for sitting in sittings])
        found.append(nodes_of(as_meant(kept, own), None if declared is None else declared.filter(span)))
    return pl.concat(found, how="vertical_relaxed")


def _sittings(sensor: Sensor, inputs: Sequence[Path]) -> list[list[Path]]:
    """Return the files by their time lines, in the order of their first events."""
    assert sensor.lines is not None
    groups: dict[str, list[tuple[str, Path]]] = {}
    for path in inputs:
        first = next(pieces(path, sensor.lines.cut))
        reading = BlockReader(sensor, path.parent).read(first.raw, path.name, 0)
        start = "" if reading is None or reading.events.is_empty() else str(reading.events["time"].min())
        name = log_of(path) if reading is None or reading.sitting is None else f"sitting {reading.sitting}"
        groups.setdefault(name, []).append((start, path))
    ordered = sorted((sorted(files) for files in groups.values()), key=lambda files: files[0])
    return [[path for _, path in files] for files in ordered]


def _write_shards(
    half: Path, meant: pl.LazyFrame | None, images: pl.LazyFrame, names: dict[str, str]
) -> None:
    """Write every shard with what is known at the end; days of one shard follow one another."""
    folders = sorted({path.parent for path in (half / ".rows").rglob("*.parquet")})
    written: dict[tuple[str, str], pl.DataFrame] = {}
    for folder in steps(folders, "writing", "shards"):
        node, shard = folder.parts[-2:]
        target = half / "events" / folder.relative_to(half / ".rows")
        target.mkdir(parents=True)
        before = written.get((node, shard), empty(WRITTEN))
        own, shown = _of_shard(folder, meant, images)
        with parquet_writer(target / "part-0.parquet") as file:
            for rows in _groups(folder):
                told = mended(rows.lazy(), own, shown, names)
                done, before = placed_in_time(conform(told.collect()), before)
                file.write_table(as_stored(done))
        written[node, shard] = before


def _of_shard(
    folder: Path, meant: pl.LazyFrame | None, images: pl.LazyFrame
) -> tuple[pl.LazyFrame | None, pl.LazyFrame]:
    """Return what the keys of a shard mean, and its process images: a small part of all."""
    rows = scan_table([str(path) for path in sorted(folder.iterdir())])
    keys = rows.select(key=pl.concat_list("process_id", "target_id")).explode("key").drop_nulls().unique()
    there = keys.collect(engine="streaming").lazy()
    own = there if meant is None else _part(meant, there, "key", "key")
    shown = _part(images, own, "process_id", "key" if meant is None else "process_id")
    return None if meant is None else own, shown


def _part(table: pl.LazyFrame, keys: pl.LazyFrame, left: str, right: str) -> pl.LazyFrame:
    """Return the rows of a table that share a key, in their order, in memory."""
    joined = table.join(keys, left_on=left, right_on=right, how="semi", maintain_order="left")
    return joined.collect(engine="streaming").lazy()


def _groups(folder: Path) -> Iterator[pl.DataFrame]:
    """Yield the rows of a shard, so many at a time, each group in the order of time."""
    waiting: list[pl.DataFrame] = []
    for path in sorted(folder.iterdir()):
        waiting.append(scan_table(str(path)).collect())
        if sum(rows.height for rows in waiting) >= _GROUP:
            yield pl.concat(waiting).sort("time", "seq")
            waiting = []
    if waiting:
        yield pl.concat(waiting).sort("time", "seq")


def _write_rejects(half: Path) -> None:
    files = sorted((half / ".rejects").glob("*.parquet"))
    rows = pl.scan_parquet(files, glob=False) if files else empty(REJECTS).lazy()
    rows.sink_parquet(half / "rejects.parquet", compression="zstd")


def _write_audit(half: Path) -> int:
    """Write the audit table; return how many of its rows are earlier stages or copies."""
    files = [str(path) for path in sorted((half / ".audit").glob("*.parquet"))]
    if not files:
        return 0
    final = with_final(scan_table(files, AUDIT)).select("host", "seq", "final").collect()
    (half / "audit").mkdir()
    rows = scan_table(files, AUDIT).drop("final").join(final.lazy(), on=["host", "seq"], how="left")
    rows.select(AUDIT.names()).sink_parquet(half / "audit" / "part-0.parquet", compression="zstd")
    return int((~final["final"]).sum())
