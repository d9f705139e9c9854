"""Parquet files of a capture, on disk or behind a URL, held against what a capture promises."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from rtml.errors import RtmlError
from rtml.schema import POLARS, conform

__all__ = ["Parts", "filesystem", "list_parts", "named_parts", "scan_table", "sound_parts", "time_range"]

_SUFFIX = ".parquet"
_UNREADABLE = (pl.exceptions.PolarsError, OSError, pa.ArrowException)

Parts = Sequence[str]


def filesystem(path: str) -> tuple[fs.FileSystem, str]:
    """Return the file system of a path or URL, and the path within it."""
    if "://" in path:
        system, inner = fs.FileSystem.from_uri(path)
        return system, inner
    return fs.LocalFileSystem(), str(Path(path).absolute())


def named_parts(folder: str, names: Sequence[str], rows: int) -> Parts:
    """Return event files by their names below a folder; see `list_parts`."""
    system, inner = filesystem(folder)
    held = sum(_rows(system, f"{inner}/{name}", f"{folder}/{name}") for name in names)
    _require_rows(folder, held, rows, len(names))
    return [f"{folder}/{name}" for name in names]


def list_parts(folder: str, rows: int) -> Parts:
    """Return the event files below a folder in order, having read how each one ends.

    Parameters
    ----------
    folder
        A path or a URL. Its characters mean themselves: ``[1]`` and ``*`` are no patterns.
    rows
        Events that all files hold together, as the manifest says.

    Raises
    ------
    RtmlError
        A file is no whole Parquet file or lacks a column of an event; or there are more or fewer
        events than ``rows``.
    """
    system, inner = filesystem(folder)
    found = system.get_file_info(fs.FileSelector(inner, recursive=True, allow_not_found=True))
    names = sorted(info.path for info in found if info.is_file and info.path.endswith(_SUFFIX))
    held = sum(_rows(system, name, folder + name.removeprefix(inner)) for name in names)
    _require_rows(folder, held, rows, len(names))
    return [folder + name.removeprefix(inner) for name in names]


def sound_parts(folder: str, names: Sequence[str] | None = None) -> tuple[dict[str, int], dict[str, str]]:
    """Look at how every event file below a folder ends, and go on after those that are damaged.

    Parameters
    ----------
    folder
        A path or a URL.
    names
        Of the files; None: all that are there.

    Returns
    -------
    Rows by name of the files that can be read, and the reason by name of those that cannot.
    """
    system, inner = filesystem(folder)
    if names is None:
        found = system.get_file_info(fs.FileSelector(inner, recursive=True, allow_not_found=True))
        paths = sorted(info.path for info in found if info.is_file and info.path.endswith(_SUFFIX))
        names = [path.removeprefix(f"{inner}/") for path in paths]
    rows: dict[str, int] = {}
    faults: dict[str, str] = {}
    for name in names:
        try:
            rows[name] = _rows(system, f"{inner}/{name}", name)
        except RtmlError as error:
            faults[name] = str(error)
    return rows, faults


def _require_rows(folder: str, held: int, promised: int, files: int) -> None:
    if held != promised:
        raise RtmlError(
            f"{folder}: {held:,} events in {files} files, {promised:,} in capture.json;"
            " a part is missing, cut or foreign: import the capture again"
        )


def _rows(system: fs.FileSystem, name: str, shown: str) -> int:
    """Return the rows of a part by its footer, which also names its columns."""
    footer = _footer(system, name, shown)
    columns = set(footer.schema.to_arrow_schema().names)
    lacking = [column for column in POLARS if column not in columns]
    if lacking:
        listed = ", ".join(lacking[:5]) + (" …" if len(lacking) > 5 else "")
        raise RtmlError(f"{shown}: no part of a capture, it lacks the columns {listed}")
    return int(footer.num_rows)


def _footer(system: fs.FileSystem, name: str, shown: str) -> pq.FileMetaData:
    try:
        with system.open_input_file(name) as file:
            return pq.read_metadata(file)
    except _UNREADABLE as error:
        raise _unreadable(shown, error) from error


def time_range(name: str) -> tuple[int, int] | None:
    """Return the first and the last time of a part (ns), as its footer says; None where it does not."""
    footer = _footer(*filesystem(name), name)
    place = footer.schema.names.index("time")
    told = [footer.row_group(n).column(place).statistics for n in range(footer.num_row_groups)]
    counted = footer.schema.to_arrow_schema().field("time").type == pa.timestamp("ns", "UTC")
    if not counted or not all(part is not None and part.has_min_max for part in told):
        return None
    return min((part.min_raw for part in told), default=0), max((part.max_raw for part in told), default=-1)


def scan_table(files: str | Parts, schema: pl.Schema = POLARS) -> pl.LazyFrame:
    """Scan Parquet files as they are named, with the columns of ``schema``.

    Raises
    ------
    RtmlError
        A file is absent, cut off, or not Parquet; the message names it.
    """
    names = [files] if isinstance(files, str) else list(files)
    try:
        return conform(pl.scan_parquet(names, glob=False, hive_partitioning=False), schema)
    except _UNREADABLE as error:
        raise _unreadable(names[0], error) from error


def _unreadable(name: str, error: Exception) -> RtmlError:
    first = next(iter(str(error).splitlines()), type(error).__name__)
    return RtmlError(f"{name}: not a Parquet file that can be read ({first}); import the capture again")
