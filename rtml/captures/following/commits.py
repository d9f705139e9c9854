"""Commits of a growing capture: its events and the place in the log up to which they go, together.

Files are written first; then ``capture.json``, which names them, takes the place of the former one in one
step. Whatever happens before that step leaves the former commit, whatever happens after it the new one.
Files that no commit names are removed after a while: somebody may still be reading what the former one named.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from rtml.captures.audit import AUDIT, earlier_stages, more_earlier_stages
from rtml.captures.following.archive import Archive
from rtml.captures.following.gathering import Gathered, Settled
from rtml.captures.following.memory import Facts, write_memory, write_side
from rtml.captures.following.put_away import put_away, repairs_over_all
from rtml.captures.following.waiting import Piece
from rtml.captures.keys import IDENTITIES
from rtml.captures.manifest import Growing, Manifest
from rtml.captures.parts import scan_table
from rtml.captures.shards import UNSORTED, sharded
from rtml.captures.write import placed, write_part
from rtml.reading.on_disk import on_disk
from rtml.schema import empty

__all__ = ["FOLDER", "Commits"]

FOLDER = "follow"
"""Folder of a growing capture in which its state lies."""

_WAITING = f"{FOLDER}/waiting"
"""Folder of what pieces that wait were before they were told their processes."""

_SMALL = 100_000
"""Rows below which what is put together stays one part."""

_MANY = 400_000
"""Rows at which they are sorted into shards."""

_LEVEL = 1
"""How well files are packed that are written anew before long."""

_MOST_SMALL = 24
_READERS = 300
"""Seconds that files stay which are not part of the capture any more."""


class Commits:
    """Writes commits into the capture at ``out``, numbered from ``number`` + 1 on."""

    def __init__(self, out: Path, facts: Facts, archive: Archive, number: int = 0) -> None:
        self.out, self.facts, self.archive, self.number = out, facts, archive, number
        self._retired: dict[str, float] = {}

    def commit(self, gathered: Gathered) -> Manifest:
        """Write everything that was gathered since the last commit."""
        self.number += 1
        settled = self._put_away(gathered, gathered.settle())
        self._drop(settled.reopened)
        self._write_rows(settled.rows)
        self._write_piece(settled.piece, gathered)
        self._write_tables(gathered)
        self._put_together()
        self.facts.next_seq = gathered.next_seq
        self.facts.late = gathered.late
        manifest = self._state(gathered, settled)
        half = self.out / ".capture.json.partial"
        half.write_text(manifest.to_json(), "utf-8")
        # Events before the place in the log that they go up to: what is lost with the power is read again.
        on_disk([*self._new_files(), half], self.out)
        os.replace(half, self.out / "capture.json")
        on_disk([self.out / "capture.json"], self.out)
        self._forget()
        return manifest

    def _put_away(self, gathered: Gathered, settled: Settled) -> Settled:
        """Put processes away that have ended."""
        archive = self.archive
        archive.new.clear()
        tables = gathered.was.tables(gathered.declared)
        rest = put_away(archive, self.number, gathered.sensor, tables, settled, gathered.counts.until)
        if rest is not None:
            kept, gathered.images, identities = rest
            gathered.was, gathered.declared = gathered.was.with_tables(kept), kept["declared"]
            gathered.stale = True
            settled = replace(settled, images=gathered.images, identities=identities)
        self._retired.update(dict.fromkeys(archive.put_together(self.number), time.time()))
        return settled

    def _new_files(self) -> list[Path]:
        """Return the files that this commit wrote."""
        tables = [*self.facts.parts, *self.facts.rejects, *self.facts.audit]
        own = [
            self.out / name for name in (*tables, *self.facts.waiting) if f"/part-{self.number:08d}" in name
        ]
        state = (self.out / FOLDER / f"{self.number:08d}").rglob("*")
        return [*own, *self.archive.new, *(path for path in state if path.is_file())]

    def _write_rows(self, rows: pl.DataFrame) -> None:
        for inside, own in placed(rows):
            self._part(f"events/{inside}/shard={UNSORTED}", own)

    def _write_piece(self, rows: pl.DataFrame, gathered: Gathered) -> None:
        """Write a new piece of rows that wait as the part that it stays when it is settled."""
        if rows.height:
            piece = gathered.waiting[-1]
            for inside, own in placed(rows):
                piece.parts.append(self._part(f"events/{inside}/shard={UNSORTED}", own, "-piece"))
            piece.side = f"{_WAITING}/part-{self.number:08d}.parquet"
            write_side(self.out / piece.side, piece.rows)
        former = self.facts.waiting
        self.facts.waiting = {piece.side: list(piece.parts) for piece in gathered.waiting}
        self._retired.update(dict.fromkeys(former.keys() - self.facts.waiting.keys(), time.time()))

    def _drop(self, reopened: Sequence[Piece]) -> None:
        """Take parts out of the capture whose rows are pending again."""
        for name in (name for piece in reopened for name in piece.parts):
            del self.facts.parts[name]
            self._retired[name] = time.time()

    def _part(self, folder: str, rows: pl.DataFrame, kind: str = "") -> str:
        """Write rows in their order; what is not sorted into shards yet is written anew before long."""
        (self.out / folder).mkdir(parents=True, exist_ok=True)
        name = f"{folder}/part-{self.number:08d}{kind}.parquet"
        write_part(self.out / name, rows, *([_LEVEL] if folder.endswith(f"={UNSORTED}") else []))
        self.facts.parts[name] = rows.height
        return name

    def _write_tables(self, gathered: Gathered) -> None:
        """Append the rejects and the audit rows that are new."""
        for kind, tables, names in (
            ("rejects", gathered.rejects, self.facts.rejects),
            ("audit", gathered.audit, self.facts.audit),
        ):
            if tables:
                (self.out / kind).mkdir(exist_ok=True)
                new = pl.concat(tables)
                if kind == "audit":
                    self._count_earlier(new)
                names.append(f"{kind}/part-{self.number:08d}.parquet")
                new.write_parquet(self.out / names[-1], compression="zstd")
                tables.clear()
            if len(names) > _MOST_SMALL:
                self._one_table(kind, names)

    def _one_table(self, kind: str, names: list[str]) -> None:
        """Put the small files of rejects or audit rows together, at the same place in their order."""
        heights = {name: _rows(self.out / name) for name in names}
        small = [name for name in names if heights[name] < _SMALL]
        if len(small) <= _MOST_SMALL:
            return
        whole = pl.read_parquet([self.out / name for name in small], glob=False)
        target = f"{kind}/part-{self.number:08d}-.parquet"
        whole.write_parquet(self.out / target, compression="zstd")
        names[:] = [name for name in names if name not in small] + [target]
        self._retired.update(dict.fromkeys(small, time.time()))

    def _put_together(self) -> None:
        """Sort what many new parts hold into shards; a folder with few events stays one part."""
        waiting = {name for names in self.facts.waiting.values() for name in names}
        there = self.facts.parts.items()
        new = {name: rows for name, rows in there if f"={UNSORTED}/" in name and name not in waiting}
        if len(new) <= _MOST_SMALL and sum(new.values()) < _MANY:
            return
        for folder in sorted({name.rsplit("/", 2)[0] for name in new}):
            own = [name for name in new if name.startswith(f"{folder}/")]
            if len(own) > 1 or new[own[0]] >= _SMALL:
                rows = scan_table([f"{self.out}/{name}" for name in own]).collect().sort("time", "seq")
                for name in own:
                    del self.facts.parts[name]
                self._retired.update(dict.fromkeys(own, time.time()))
                self._sorted(folder, rows)

    def _sorted(self, folder: str, rows: pl.DataFrame) -> None:
        if rows.height < _SMALL:
            self._part(f"{folder}/shard={UNSORTED}", rows)
            return
        for shard, own in sharded(rows):
            self._part(f"{folder}/{shard}", own)

    def _state(self, gathered: Gathered, settled: Settled) -> Manifest:
        name = f"{FOLDER}/{self.number:08d}"
        folder = self.out / name
        shutil.rmtree(folder, ignore_errors=True)  # of a commit that never came to its end
        write_memory(folder, self.facts, gathered)
        meant = empty(IDENTITIES) if settled.identities is None else settled.identities
        meant.write_parquet(folder / "identities.parquet", compression="zstd", compression_level=1)
        settled.images.write_parquet(folder / "processes.parquet", compression="zstd", compression_level=1)
        self.archive.gone.write_parquet(folder / "gone.parquet")
        parts = list(self.facts.parts)
        if settled.tail.height:
            write_part(folder / "events.parquet", settled.tail, _LEVEL)
            parts.append(f"{name}/events.parquet")
        growing = Growing(
            state=name,
            keyed=settled.identities is not None,
            parts=parts,
            rejects=list(self.facts.rejects),
            audit=list(self.facts.audit),
            names=gathered.counts.names(),
            archive=self.archive.listed(),
            broken=self.facts.place.broken,
        )
        found = {
            "growing": growing,
            "audit_earlier": self._earlier(),
            "late": gathered.late,
            "repairs": repairs_over_all(self.archive, settled.images, gathered.counts.start),
        }
        return gathered.counts.manifest().model_copy(update=found)

    def _earlier(self) -> int:
        """Count audit rows that are an earlier stage or a copy of another, over all commits."""
        if self.facts.earlier is None:  # nothing was counted so far, or by a follower of before
            self.facts.earlier = earlier_stages(self._audit())
        return self.facts.earlier

    def _count_earlier(self, new: pl.DataFrame) -> None:
        """Count what new rows change: of those before only rows of the same requests are read."""
        self.facts.earlier = self._earlier() + more_earlier_stages(self._audit(), new)

    def _audit(self) -> pl.LazyFrame:
        files = [f"{self.out}/{name}" for name in self.facts.audit]
        return scan_table(files, AUDIT) if files else empty(AUDIT).lazy()

    def _forget(self) -> None:
        """Remove what was replaced some time ago: former states and parts that were put together."""
        facts = self.facts
        named = {*facts.parts, *facts.waiting, *facts.rejects, *facts.audit, *self.archive.sums.parts}
        for name, at in list(self._retired.items()):
            if time.time() - at > _READERS:
                del self._retired[name]
                if name not in named:
                    _remove(self.out / name)
        for folder in (self.out / FOLDER).glob("[0-9]*"):
            if int(folder.name) < self.number - 1 and _age(folder) > _READERS:
                shutil.rmtree(folder, ignore_errors=True)

    def clear(self) -> None:
        """Remove what a killed follower left and no commit names; call it before the first commit."""
        named = {*self.facts.parts, *self.facts.rejects, *self.facts.audit}
        for kind in ("events", "rejects", "audit"):
            for path in (self.out / kind).rglob("*.parquet"):
                if path.relative_to(self.out).as_posix() not in named:
                    path.unlink(missing_ok=True)
        for path in (self.out / _WAITING).glob("*.parquet"):
            if path.relative_to(self.out).as_posix() not in self.facts.waiting:
                path.unlink(missing_ok=True)
        for folder in (self.out / "archive").glob("[0-9]*"):
            if folder.relative_to(self.out).as_posix() not in self.archive.sums.parts:
                shutil.rmtree(folder, ignore_errors=True)
        for folder in (self.out / FOLDER).glob("[0-9]*"):
            if int(folder.name) != self.number:
                shutil.rmtree(folder, ignore_errors=True)


def _rows(path: Path) -> int:
    return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
