"""Rows of a growing log, from the sensor's lines to events that are settled.

Sensors print what several processors saw a little out of order. Rows therefore stay *pending* until their
host is `HOLD` further on: then they are sorted, and their processes are known. Pending rows are in the
capture too, with what is known of them so far; they are looked at again when something older comes
(`rtml.captures.following.waiting`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import polars as pl

from rtml.captures.audit import AUDIT
from rtml.captures.counting import Counts
from rtml.captures.following.archive import Archive
from rtml.captures.following.given import as_given, gives_ids, is_keyed, meanings
from rtml.captures.following.knowing import Known, identities, keyed
from rtml.captures.following.origins import filled
from rtml.captures.following.remembering import images_of, remembered
from rtml.captures.following.returning import names_of_changes, names_of_rows
from rtml.captures.following.tables import Was, added, heard_in
from rtml.captures.following.waiting import Piece, firsts, lasts, overlapping, parted, ripe, stuck
from rtml.captures.processes import PROCESSES as IMAGES
from rtml.captures.sensors import Reading, Sensor
from rtml.captures.sensors.contract import PROCESSES
from rtml.container_ids import bare_ids
from rtml.schema import REJECTS, conform, empty

__all__ = ["HOLD", "Gathered", "Settled", "meant_by"]

HOLD = dt.timedelta(seconds=5)
"""So far apart in time rows of one host may stand in the wrong order."""

_IDS = ("process_id", "parent_id", "target_id")


@dataclass(frozen=True)
class Settled:
    """What a commit writes: rows that are done, a new piece of those that wait, the newest; all with keys.

    ``reopened`` are pieces that wait no more as they were: their files are replaced. ``heard``: when
    something was last heard of each key (`rtml.captures.following.tables.HEARD`).
    """

    rows: pl.DataFrame
    piece: pl.DataFrame
    tail: pl.DataFrame
    reopened: list[Piece]
    identities: pl.DataFrame | None
    images: pl.DataFrame
    heard: pl.DataFrame


@dataclass
class Gathered:
    """A log as read so far, without the rows that were given away as settled.

    ``archive`` has the processes that were put away; ``images`` are those that all others had at the last
    commit. ``waiting`` are pieces of rows that are not settled, all other such rows are ``pending``.
    ``reopened``: pieces whose rows are pending again; ``stale``: all are to be. ``seen``: the number from
    which on rows came since.
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
    waiting: list[Piece] = field(default_factory=list)
    reopened: list[Piece] = field(default_factory=list)
    stale: bool = False
    seen: int = 0

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
        if not rows["time"].is_sorted() or rows["seq"].null_count() < rows.height:
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
        if self.stale:
            self.reopen()
        self._come_back()
        old, middle, tail = self._parts()
        self._count_late(old)
        old, self.was = self._known(old, self.was)
        rows = middle
        middle, after = self._known(middle, self._latest())
        tail, now = self._known(tail, after)
        meant, images = self._processes(now)
        self.stale = False
        while (back := self._changed(images)) is not None:
            now, self.stale = now.with_tables(added(now.tables(self.declared), back)), True
            meant, images = self._processes(now)
        self.images = images
        told = partial(filled, meant=meant, images=images, names=self.counts.names())
        old, written = told(old, written=self.was.written)
        self.was = replace(self.was, written=written)
        middle, written = told(middle, written=self._latest().written)
        tail, _ = told(tail, written=written)
        reopened, self.reopened = self.reopened, []
        if rows.height:
            self.waiting.append(Piece(rows, replace(after, written=written), lasts(rows)))
        return Settled(old, middle, tail, reopened, meant, images, now.heard)

    def reopen(self, begin: int = 0) -> None:
        """Look at all pieces from one on again: what was known before them is otherwise now."""
        if not (again := self.waiting[begin:]):
            return
        del self.waiting[begin:]
        self.pending = pl.concat([self.pending, *(piece.rows for piece in again)])
        self.reopened = [*self.reopened, *again]

    def _latest(self) -> Was:
        return self.waiting[-1].after if self.waiting else self.was

    def _parts(self) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Settle pieces; return rows that are settled, a new piece, and the newest, which stay pending."""
        self.reopen(overlapping(self.waiting, firsts(self.pending)))
        newest = lasts(self.pending)
        for piece in self.waiting:
            newest = {**piece.last, **newest}
        while self.waiting and ripe(self.waiting[0], newest, self.hold):
            piece = self.waiting.pop(0)
            self._count_late(piece.rows)
            self.was = piece.after
        if self.waiting and stuck(self.waiting[0], newest, self.hold):
            self.reopen()
        speaking = firsts(self.pending.select("host", "time", "seq").filter(pl.col("seq") >= self.seen))
        old, middle, self.pending = parted(self.pending, newest, self.hold, speaking)
        self.seen = self.next_seq
        if self.waiting:  # nothing is settled before them
            old, middle = old.clear(), pl.concat([old, middle]).sort("time", "seq")
        return old, middle, self.pending

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
        upto, pids = self.archive.sums.upto, self._latest().known.pids
        while True:
            names = names_of_rows(self.pending, pids, self.declared, upto, ids)
            if self._take_back(self.archive.find(names)) is None:
                return
            self.reopen()
            pids = self.was.known.pids

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
        if done.is_empty():
            return
        host, time = pl.col("host").cast(pl.String).fill_null(""), pl.col("time").dt.epoch("us")
        until = host.replace_strict(self.counts.until, default=-1, return_dtype=pl.Int64)
        rows = done.select(host.alias("host"), time.alias("time"), late=time < until)
        for name, last, late in rows.group_by("host").agg(pl.col("time").max(), pl.col("late").sum()).rows():
            self.counts.until[name] = max(self.counts.until.get(name, -1), last)
            self.late += late

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
