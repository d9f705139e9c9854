"""Rows of a growing log, from the sensor's lines to events that are settled.

Sensors print what several processors saw a little out of order. Rows therefore stay *pending* until their
host is `HOLD` further on: then they are sorted, and their processes are known. Pending rows are in the
capture too, with what is known of them so far; they are looked at again when more has come.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from rtml.captures.audit import AUDIT
from rtml.captures.counting import Counts
from rtml.captures.following.archive import Archive
from rtml.captures.following.given import as_given, gives_ids, is_keyed, meanings
from rtml.captures.following.knowing import Known, identities, keyed
from rtml.captures.following.remembering import images_of, remembered
from rtml.captures.following.returning import names_of_changes, names_of_rows
from rtml.captures.following.tables import Was, added, heard_in
from rtml.captures.mending import mended
from rtml.captures.naming import renamed_rows
from rtml.captures.processes import PROCESSES as IMAGES
from rtml.captures.provenance import with_provenance, writes_of
from rtml.captures.sensors import Reading, Sensor
from rtml.captures.sensors.contract import PROCESSES
from rtml.container_ids import bare_ids
from rtml.schema import REJECTS, conform, empty

__all__ = ["HOLD", "Gathered", "Settled", "meant_by", "placed_in_time"]

HOLD = dt.timedelta(seconds=5)
"""So far apart in time rows of one host may stand in the wrong order."""

_MOST_PATHS = 500_000
_FROM = ("exe_written", "exe_memory")
_FILLED = ("parent_id", "exe", "cmdline", *_FROM)
_IDS = ("process_id", "parent_id", "target_id")


@dataclass(frozen=True)
class Settled:
    """Rows that are done and those that are not, both with keys; what keys mean, and process images.

    ``heard``: when something was last heard of each key (`rtml.captures.following.tables.HEARD`).
    """

    rows: pl.DataFrame
    tail: pl.DataFrame
    identities: pl.DataFrame | None
    images: pl.DataFrame
    heard: pl.DataFrame


@dataclass
class Gathered:
    """A log as read so far, without the rows that were given away as settled.

    ``archive`` has the processes that were put away; ``images`` are those that all others had at the last
    commit.
    """

    sensor: Sensor
    counts: Counts
    was: Was = field(default_factory=Was)
    pending: pl.DataFrame = field(default_factory=empty)
    declared: pl.DataFrame = field(default_factory=PROCESSES.to_frame)
    next_seq: int = 0
    hold: dt.timedelta = HOLD
    rejects: list[pl.DataFrame] = field(default_factory=list)
    audit: list[pl.DataFrame] = field(default_factory=list)
    late: int = 0
    archive: Archive | None = None
    images: pl.DataFrame = field(default_factory=IMAGES.to_frame)

    @classmethod
    def begin(cls, sensor: Sensor, hold: dt.timedelta = HOLD) -> Gathered:
        """Begin with nothing read."""
        return cls(sensor, Counts.of(sensor), hold=hold)

    def add(self, reading: Reading, name: str, size: int) -> None:
        """Take what was read from the next ``size`` bytes of the input ``name``."""
        rows = reading.events
        if "container_id" in rows.columns:
            rows = rows.with_columns(bare_ids(pl.col("container_id")))
        rows = conform(rows)
        rows = rows.sort("time", "seq", maintain_order=True)
        rows = rows.with_columns(seq=pl.int_range(pl.len(), dtype=pl.Int64) + self.next_seq)
        self.next_seq += rows.height
        self.counts.see(rows)
        self.counts.take(reading, name, size)
        self.pending = pl.concat([self.pending, rows])
        if reading.processes is not None:
            named = reading.processes.with_columns(bare_ids(pl.col("container_id")))
            both = pl.concat([self.declared, named], how="diagonal_relaxed")
            self.declared = both.unique(maintain_order=True)
        if reading.audit is not None:
            self.audit.append(conform(reading.audit.with_columns(rows["seq"]), AUDIT))
        if reading.rejects.height:
            self.rejects.append(reading.rejects.select(REJECTS.names()).cast(REJECTS))

    def take(self, everything: bool = False) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Give away the rows older than the hold, or all, with keys; and those that stay, without."""
        newest = pl.col("time").max().over(pl.col("host").cast(pl.String).fill_null(""))
        old = pl.lit(everything) | (pl.col("time") < newest - self.hold)
        rows = self.pending.with_columns(_old=old).sort("time", "seq")
        done, tail = (rows.filter(pl.col("_old") == side).drop("_old") for side in (True, False))
        self.pending = tail
        self._count_late(done)
        done, self.was = self._known(done, self.was)
        return done, tail

    def settle(self) -> Settled:
        """Give away the rows that are older than the hold; what they tell is carried on."""
        self._come_back()
        done, tail = self.take()
        tail, now = self._known(tail, self.was)
        meant, images = self._processes(now)
        while (back := self._changed(images)) is not None:
            now = now.with_tables(added(now.tables(self.declared), back))
            meant, images = self._processes(now)
        self.images = images
        names = self.counts.names()
        # What is declared of programs may be taken back by a later exec: then only readers look them up.
        columns = _FILLED if self.sensor.together is list else _FROM
        done, written = filled(done, meant, images, self.was.written, names, columns)
        tail, _ = filled(tail, meant, images, written, names, columns)
        self.was = replace(self.was, written=written)
        return Settled(done, tail, meant, images, now.heard)

    def _processes(self, was: Was) -> tuple[pl.DataFrame | None, pl.DataFrame]:
        """Return what keys mean, and the images of all processes that were not put away."""
        used = None
        if self.archive is not None and not self.sensor.identified:
            undated = was.known.processes.filter(pl.col("started").is_null() & pl.col("born").is_null())
            used = self.archive.used(undated)
        meant, declared = meant_by(self.sensor, [was.known], self.declared, used)
        return meant, images_of(was.kept, meant, declared)

    def _come_back(self) -> None:
        """Bring back the processes that rows which have come may say something of."""
        if self.archive is None or not self.archive.sums.parts:
            return
        ids = gives_ids(self.sensor, self.was.known.given, self.declared)
        upto, more = self.archive.sums.upto, True
        while more:
            names = names_of_rows(self.pending, self.was.known.pids, self.declared, upto, ids)
            more = self._take_back(self.archive.find(names)) is not None

    def _changed(self, images: pl.DataFrame) -> dict[str, pl.DataFrame] | None:
        """Bring back the processes that depend on what is otherwise by now; None: there are none."""
        if self.archive is None or not self.archive.sums.parts:
            return None
        return self._take_back(
            self.archive.find(names_of_changes(self.images, images, self.archive.sums.upto))
        )

    def _take_back(self, found: pl.DataFrame) -> dict[str, pl.DataFrame] | None:
        if found.is_empty():
            return None
        assert self.archive is not None
        back = self.archive.take(found)
        whole = added(self.was.tables(self.declared), back)
        self.was, self.declared = self.was.with_tables(whole), whole["declared"]
        self.images = pl.concat([self.images, back["images"].select(IMAGES.names())])
        return back

    def _count_late(self, done: pl.DataFrame) -> None:
        """Count rows that are older than others of their host which were settled before."""
        host = pl.col("host").cast(pl.String).fill_null("")
        for name, times in done.group_by(host).agg(pl.col("time").dt.epoch("us")).rows():
            before = self.counts.until.get(name, -1)
            self.late += sum(time < before for time in times) if min(times) < before else 0
            self.counts.until[name] = max(before, *times)

    def _known(self, rows: pl.DataFrame, was: Was) -> tuple[pl.DataFrame, Was]:
        if rows.is_empty():
            return rows, was
        known = was.known
        if is_keyed(self.sensor):
            ids = rows.select(_IDS)
            if self.sensor.identified:
                rows = rows.with_columns(pl.lit(None, pl.Int64).alias(name) for name in _IDS)
            else:
                rows, known = keyed(rows, known)
            rows, given = as_given(conform(rows), ids)
            known = replace(known, given=pl.concat([known.given, given]).unique(maintain_order=True))
            rows = conform(rows)
        return rows, Was(known, remembered(was.kept, rows), was.written, heard_in(was.heard, rows))


def meant_by(
    sensor: Sensor, known: Sequence[Known], declared: pl.DataFrame, used: pl.DataFrame | None = None
) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
    """Return what keys mean, over all sittings, and what is declared; None: there are no keys, nothing is.

    ``used`` as for `rtml.captures.instances.with_parents`.
    """
    if not is_keyed(sensor):
        processes = conform(declared, PROCESSES) if declared.height else None
        return None, processes
    instances = pl.concat([identities(one, used) for one in known]).unique(
        "key", keep="first", maintain_order=True
    )
    given = pl.concat([one.given for one in known]).unique(maintain_order=True)
    return meanings(sensor, given, instances, declared)


def filled(
    rows: pl.DataFrame,
    meant: pl.DataFrame | None,
    images: pl.DataFrame,
    written: pl.DataFrame,
    names: Mapping[str, str],
    columns: Sequence[str],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Fill ``columns``, for programs, parents, provenance. Return also all paths that were written so far."""
    if rows.is_empty():
        return rows, written
    told = mended(rows.lazy(), None if meant is None else meant.lazy(), images.lazy(), names).collect()
    written = renamed_rows(written.lazy(), names).collect()
    told, written = placed_in_time(conform(told), written)
    return conform(rows.with_columns(told[name] for name in columns)), written


def placed_in_time(rows: pl.DataFrame, written: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Fill where programs come from; ``written`` are the writes before. Return also those after the rows."""
    origins = with_provenance(rows, written)
    writes = pl.concat([written, writes_of(rows)]).sort("_written")
    paths = writes.unique(["container_id", "_path"], keep="last", maintain_order=True)
    return origins, paths.tail(_MOST_PATHS)
