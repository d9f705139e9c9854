"""Write a capture, all or nothing: a killed import leaves no folder that opens as a capture."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from rtml.captures.audit import write_audit
from rtml.captures.manifest import Manifest
from rtml.progress import steps
from rtml.reading.whole import whole_folder
from rtml.schema import EVENTS, conform

__all__ = ["as_stored", "parquet_writer", "placed", "write_capture", "write_events", "write_part"]

_PART_ROWS = 4_000_000
_MOST_NAME = 66  # bytes: encoded they are three times as many, and a file system allows 255
_GROUP_ROWS = 256_000
_RISING = {"time": "DELTA_BINARY_PACKED", "seq": "DELTA_BINARY_PACKED"}
# Columns that rise row by row have no two values alike: their differences are small, a dictionary
# of them is not. On datasets/lab-v1 this and the level make files 44 % smaller and no slower.
_ENCODING: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 9,
    "column_encoding": _RISING,
    "use_dictionary": [name for name in EVENTS.names if name not in _RISING],
}


_STORED = EVENTS.set(EVENTS.get_field_index("host"), EVENTS.field("host").with_type(pa.string()))


def write_events(folder: Path, events: pl.DataFrame) -> None:
    """Write events as ``events/date=D/node=N/part-N.parquet`` (zstd, sorted by time).

    Tools that take folders for columns (Arrow, DuckDB, Spark, Polars) find ``node`` there, which no file has
    as a column, and whose values are never a number, a date or null: so they read every ``host`` as
    it is in the file, whatever it is called. Captures with folders ``host=H`` open as well: `rtml` takes
    nothing from the name of a folder.
    """
    for inside, rows in placed(events):
        place = folder / "events" / inside
        place.mkdir(parents=True, exist_ok=True)
        parts = list(rows.sort("time", "seq").iter_slices(_PART_ROWS))
        for number, part in enumerate(steps(parts, "writing", "parts")):
            write_part(place / f"part-{number}.parquet", part)


def placed(events: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """Return events by the folder ``date=D/node=N`` they belong into.

    By the folder, not by the host: two hosts whose folders have one name share its parts.
    """
    hosts = {host: folder_name(host) for host in events["host"].unique().cast(pl.String)}
    ends = events.select(first=pl.col("time").min(), last=pl.col("time").max())
    first, last = ends.select(pl.all().dt.strftime("%Y-%m-%d")).row(0)
    if first == last and len(set(hosts.values())) == 1 and not events["time"].null_count():
        return [(f"date={first}/node={next(iter(hosts.values()))}", events)]
    place = pl.col("host").cast(pl.String).replace_strict(hosts, return_dtype=pl.String)
    keyed = events.with_columns(_day=pl.col("time").dt.strftime("%Y-%m-%d"), _place=place)
    parts = keyed.partition_by("_day", "_place", as_dict=True, maintain_order=True).items()
    return [(f"date={day}/node={name}", rows.drop("_day", "_place")) for (day, name), rows in parts]


def folder_name(host: str | None) -> str:
    """Return what a host's folder is called: percent-encoded, of at most 66 bytes before that.

    Examples
    --------
    >>> folder_name("../etc"), folder_name("42"), folder_name(None), len(folder_name("\u6a5f" * 99))
    ('n-..%2Fetc', 'n-42', 'unknown', 200)
    """
    if host is None:
        return "unknown"
    return "n-" + quote(host.encode()[:_MOST_NAME].decode("utf-8", "ignore"), safe="")


def write_part(path: Path, events: pl.DataFrame, level: int = _ENCODING["compression_level"]) -> None:
    """Write one file of events; one of a lower ``level`` is larger and written sooner."""
    how = {**_ENCODING, "compression_level": level}
    pq.write_table(as_stored(events), path, row_group_size=_GROUP_ROWS, **how)


def as_stored(events: pl.DataFrame) -> pa.Table:
    """Return events as the table that a file of them holds."""
    plain = conform(events).with_columns(pl.col(pl.Categorical).cast(pl.String))
    return plain.to_arrow().cast(_STORED)


def parquet_writer(path: Path) -> pq.ParquetWriter:
    """Open a file of events that is written group by group."""
    return pq.ParquetWriter(path, _STORED, **_ENCODING)


def write_capture(
    out: Path,
    manifest: Manifest,
    events: pl.DataFrame,
    processes: pl.DataFrame,
    rejects: pl.DataFrame,
    audit: pl.DataFrame | None = None,
) -> None:
    """Write a whole capture beside its place and move it there at the very end.

    Raises
    ------
    RtmlError
        ``out`` exists already, or its folder cannot be written.
    """
    with whole_folder(out) as half:
        write_events(half, events)
        processes.write_parquet(half / "processes.parquet", compression="zstd")
        if audit is not None:
            write_audit(half, audit)
        rejects.write_parquet(half / "rejects.parquet", compression="zstd")
        (half / "capture.json").write_text(manifest.to_json(), "utf-8")
