"""Processes that were put away: files of a growing capture that are written once, and found again by names.

A part is a folder with the rows of all tables (`rtml.captures.following.tables`), the images and identities
that readers see, and the names by which a process may be asked for. A process that comes back is noted as
gone from its part; parts are put together, without those, when they are many.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
import pydantic

from rtml.captures.following.names import Index, name, write_index
from rtml.captures.following.returning import names_of_kin
from rtml.captures.following.tables import NOTHING
from rtml.captures.keys import IDENTITIES
from rtml.captures.manifest import Archived
from rtml.captures.processes import PROCESSES
from rtml.captures.repairs import OWN, sums
from rtml.errors import RtmlError, first_line
from rtml.reading.parquet import refuse_damaged
from rtml.schema import empty

__all__ = ["GONE", "Archive", "Sums"]

GONE = pl.Schema({"part": pl.String(), "unit": pl.Int64()})
"""Processes that came back, and the part that they are gone from."""

_MOST_SMALL = 24
_SMALL = 100_000
_INSIDE = "memory"
_SHOWN = {"images": "processes.parquet", "identities": "identities.parquet"}
"""What readers of the capture see; all else is the follower's."""

_COLUMNS: Mapping[str, Sequence[str]] = {
    **{table: rows.columns for table, rows in NOTHING.items()},
    "units": ["unit", "host", "pid", "since", "last", "shown", *OWN],
    "images": PROCESSES.names(),
    "identities": IDENTITIES.names(),
}
"""The tables, and columns that they must have beside ``unit``."""

_TABLES = tuple(_COLUMNS)


class Sums(pydantic.BaseModel):
    """What is known of all that was put away, without looking: ``parts`` with their units, and counts.

    ``upto``: nanoseconds since 1970 of the last that was heard of any, by host. ``repairs`` as in
    `rtml.captures.repairs`, of captures that begin at ``begin``. ``processes`` have a pid, of ``pids`` that
    differ.
    """

    parts: dict[str, int] = {}
    last: dict[str, int] = {}
    upto: dict[str, int] = {}
    repairs: Counter[str] = Counter()
    begin: dt.datetime | None = None
    processes: int = 0
    pids: int = 0


class Archive:
    """The parts in the folder ``archive`` of the capture at ``out``."""

    def __init__(self, out: Path, sums: Sums, gone: pl.DataFrame | None = None) -> None:
        self.out, self.sums, self.gone = out, sums, empty(GONE) if gone is None else gone
        self.new: list[Path] = []
        self._sound = set[Path]()
        self._indexes = {part: self._index(part) for part in sums.parts}

    def _index(self, part: str) -> Index:
        path = self.out / part / _INSIDE / "names"
        try:
            return Index(path)
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from error

    def listed(self) -> list[Archived]:
        """Return what a manifest says of the parts."""
        gone = set(self.gone["part"])
        return [
            Archived(name=part, last=_moment(self.sums.last[part]), gone=part in gone)
            for part in self.sums.parts
        ]

    def find(self, names: pl.Series) -> pl.DataFrame:
        """Return ``name, part, unit`` of all that are there under one of the names."""
        asked = names.drop_nulls().unique().sort().to_numpy()
        found = [pl.DataFrame(schema={"name": pl.Int64, **GONE})]
        for part, index in self._indexes.items() if len(asked) else ():
            hits, units = index.find(asked)
            if len(hits):
                rows = pl.DataFrame({"name": hits, "unit": units}).with_columns(part=pl.lit(part))
                found.append(rows.select("name", *GONE))
        return pl.concat(found).join(self.gone, on=GONE.names(), how="anti")

    def put(self, number: int, tables: Mapping[str, pl.DataFrame], names: pl.DataFrame) -> None:
        """Write a new part: ``tables`` have a column ``unit``; ``names`` are ``name, unit``."""
        units = tables["units"]
        before = self.used(units)
        self._write(f"archive/{number:08d}", tables, names)
        self._count(units, 1)
        fresh = units.filter(pl.col("shown")).join(before, on=["host", "pid"], how="anti", nulls_equal=True)
        self.sums.pids += _pids(fresh)
        for host, last in units.group_by("host").agg(pl.col("last").max().dt.epoch("ns")).iter_rows():
            self.sums.upto[host or ""] = max(self.sums.upto.get(host or "", 0), last or 0)

    def take(self, found: pl.DataFrame) -> dict[str, pl.DataFrame]:
        """Return all rows of processes that come back (``part, unit``), and of those whom they need.

        They are gone from here. Their ancestors come with them, and whoever had their pids later.
        """
        wanted = found.select(GONE.names()).unique()
        while (more := self._kin(wanted)).height > wanted.height:
            wanted = more
        return self._take(wanted)

    def _kin(self, wanted: pl.DataFrame) -> pl.DataFrame:
        units, pids = self._rows_of(wanted, "units"), self._rows_of(wanted, "pids")
        parents, same, marks = names_of_kin(units, pids)
        found = [wanted, self.find(parents).select(GONE.names())]
        found.append(self._later(same, "units", "since", units.filter("shown")))
        found.append(self._later(marks, "pids", "time", pids))
        return pl.concat(found).unique(maintain_order=True)

    def _later(self, names: pl.Series, table: str, time: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Return those of a name who had a pid later than some of ``rows``."""
        named = self.find(names).select(GONE.names()).unique()
        if named.is_empty():
            return named
        firsts = rows.group_by("host", "pid").agg(first=pl.col(time).min())
        others = self._rows_of(named, table).join(firsts, on=["host", "pid"], nulls_equal=True)
        return others.filter(pl.col(time) > pl.col("first")).select(GONE.names())

    def _rows_of(self, wanted: pl.DataFrame, table: str) -> pl.DataFrame:
        """Return the rows of units, with their ``part``."""
        parts = wanted.group_by("part", maintain_order=True).agg("unit").rows()
        tables = [
            self._read(part, table, pl.col("unit").is_in(units)).with_columns(part=pl.lit(part))
            for part, units in parts
        ]
        return pl.concat(tables, how="diagonal_relaxed")

    def _read(self, part: str, table: str, which: pl.Expr | None = None) -> pl.DataFrame:
        path = self._file(part, table)
        try:
            self._require_sound(path, table)
            rows = pl.scan_parquet(path, glob=False)
            return rows.filter(pl.lit(True) if which is None else which).collect()
        except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise _unreadable(path, error) from error

    def _require_sound(self, path: Path, table: str) -> None:
        """Refuse a file that is damaged or is another table; each is looked at once."""
        if path in self._sound:
            return
        refuse_damaged(path)
        there = pl.read_parquet_schema(path)
        lacking = [name for name in ("unit", *_COLUMNS[table]) if name not in there]
        if lacking:
            raise pl.exceptions.ColumnNotFoundError(f"no column {lacking[0]}")
        self._sound.add(path)

    def _take(self, wanted: pl.DataFrame) -> dict[str, pl.DataFrame]:
        back = {table: self._rows_of(wanted, table).drop("part") for table in _TABLES}
        self.gone = pl.concat([self.gone, wanted])
        self._count(back["units"], -1)
        shown = back["units"].filter(pl.col("shown"))
        left = shown.join(self.used(shown), on=["host", "pid"], how="anti", nulls_equal=True)
        self.sums.pids -= _pids(left)
        return {table: rows if table == "units" else rows.drop("unit") for table, rows in back.items()}

    def used(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return those ``host, pid`` that a process has which is here."""
        pids = rows.select("host", "pid").drop_nulls("pid").unique(maintain_order=True)
        named = pids.with_columns(name("pid", pids["host"], pids["pid"]))
        return named.join(self.find(named["name"]), on="name", how="semi").drop("name")

    def repairs(self, begin: dt.datetime | None) -> Counter[str]:
        """Return how often what is missing of those that are here; see `rtml.captures.repairs.sums`."""
        if begin != self.sums.begin:
            self.sums.begin, self.sums.repairs = begin, Counter()
            for part in self.sums.parts:
                units = self._read(part, "units")
                left = units.join(self._gone_of(part), on="unit", how="anti")
                self.sums.repairs.update(sums(left.filter(pl.col("shown")), begin))
        return self.sums.repairs

    def put_together(self, number: int) -> list[str]:
        """Make one part of many small ones, without what is gone; return the folders that are no part now."""
        small = [part for part, units in self.sums.parts.items() if units < _SMALL]
        if len(small) <= _MOST_SMALL:
            small = [
                part for part in self.sums.parts if 4 * self._gone_of(part).height > self.sums.parts[part]
            ]
        if not small:
            return []
        tables = {
            table: pl.concat([self._left(part, table) for part in small], how="diagonal_relaxed")
            for table in _TABLES
        }
        named = {part: self._indexes[part].rows() for part in small}
        names = pl.concat(
            [rows.join(self._gone_of(part), on="unit", how="anti") for part, rows in named.items()]
        )
        last = max(self.sums.last[part] for part in small)
        for part in small:
            del self.sums.parts[part], self.sums.last[part], self._indexes[part]
        self.gone = self.gone.filter(~pl.col("part").is_in(small))
        whole = f"archive/{number:08d}-"
        self._write(whole, tables, names)
        self.sums.last[whole] = last
        return small

    def _write(self, part: str, tables: Mapping[str, pl.DataFrame], names: pl.DataFrame) -> None:
        names_file = self.out / part / _INSIDE / "names"
        names_file.parent.mkdir(parents=True, exist_ok=True)
        for table in _TABLES:
            rows = tables[table].with_columns(pl.col(pl.Categorical).cast(pl.String))
            self.new.append(self._file(part, table))
            rows.write_parquet(self.new[-1], compression="zstd", compression_level=1)
        write_index(names_file, names)
        self.new.append(names_file)
        self.sums.parts[part] = tables["units"].height
        self.sums.last[part] = tables["units"].select(pl.col("last").max().dt.epoch("ns")).item() or 0
        self._indexes[part] = self._index(part)

    def _file(self, part: str, table: str) -> Path:
        return self.out / part / _SHOWN.get(table, f"{_INSIDE}/{table}.parquet")

    def _count(self, units: pl.DataFrame, sign: int) -> None:
        shown = units.filter(pl.col("shown"))
        self.repairs(self.sums.begin)
        for what, count in sums(shown, self.sums.begin).items():
            self.sums.repairs[what] += sign * count
        self.sums.processes += sign * (shown.height - shown["pid"].null_count())

    def _left(self, part: str, table: str) -> pl.DataFrame:
        rows = self._read(part, table)
        return rows.join(self._gone_of(part), on="unit", how="anti", maintain_order="left")

    def _gone_of(self, part: str) -> pl.DataFrame:
        return self.gone.filter(pl.col("part") == part).select("unit")


def _unreadable(path: Path, error: BaseException) -> RtmlError:
    why = f"what was put away cannot be read ({first_line(error)}); follow into a new capture"
    return RtmlError(f"{path}: {why}")


def _pids(units: pl.DataFrame) -> int:
    return units.drop_nulls("pid").select("host", "pid").n_unique()


def _moment(nanoseconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(nanoseconds // 10**9 + 1, dt.UTC)
