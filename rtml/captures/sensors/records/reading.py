"""The reader of every sensor that writes JSON records: a format, a file, a `Reading`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl

from rtml.captures.sensors.contract import NothingReadError, Reading
from rtml.captures.sensors.kubelet import named_by_kubelet, sandboxes_by_kubelet
from rtml.captures.sensors.recognise import beginning, recognise, wrong_format
from rtml.captures.sensors.records.format import BESIDE, LOSS, PLACE, PROBLEM, Format
from rtml.captures.sensors.records.tables import Table, tables
from rtml.captures.sensors.records.values import with_said
from rtml.errors import RtmlError
from rtml.schema import POLARS, REJECTS, empty

__all__ = ["Part", "Source", "parts", "read_records"]


class Part(NamedTuple):
    """What a block of a file tells: ``lost`` are the rows that count losses, as the format named them."""

    events: pl.DataFrame
    rejects: pl.DataFrame
    beside: Counter[str]
    lost: pl.DataFrame
    processes: pl.DataFrame | None
    containers: pl.DataFrame | None


Source = Callable[[Path, Format], Iterator[Table]]
"""What gives the records of a file, block by block: `tables.tables`, or another kind of file."""


def read_records(path: Path, format: Format, source: Source = tables) -> Reading:
    """Read a file of JSON records.

    Parameters
    ----------
    path
        Plain or packed; a record a line, in envelopes, in a list, or printed over several lines.
    format
        What the sensor declares.
    source
        What takes the file apart, where it is no JSON (`rtml.captures.sensors.records.parquet`).

    Returns
    -------
    Events in the order of the file; a record that is refused is a row of ``rejects``, one that is no event by
    design is counted in ``beside``.

    Raises
    ------
    RtmlError
        No such file, an empty one, or one without a record of this format.
    """
    found = [*parts(path, format, source)]
    counted: Counter[str] = sum((part.beside for part in found), Counter[str]())
    events = pl.concat([empty(), *(p.events for p in found)], how="diagonal_relaxed")
    if not events.height + counted.total() + sum(p.rejects["ours"].sum() for p in found):
        raise _nothing(path, format, found)
    rejects = _rejects(path, found)
    return Reading(
        events=events,
        rejects=rejects,
        records=events.height + rejects.height,
        lost=format.lost(pl.concat([part.lost for part in found], how="diagonal_relaxed"))
        if counted[LOSS]
        else (),
        processes=_together([part.processes for part in found]),
        containers=_together([part.containers for part in found]),
        beside=dict(counted),
    )


def _rejects(path: Path, found: list[Part]) -> pl.DataFrame:
    rows = pl.concat([part.rejects for part in found]).sort("line", maintain_order=True)
    return rows.with_columns(file=pl.lit(path.name)).select(REJECTS.names()).cast(REJECTS)


def parts(path: Path, format: Format, source: Source = tables) -> Iterator[Part]:
    """Yield what each block of a file tells; nothing is kept from one to the next."""
    for table in source(path, format):
        yield _part(table, format)


def _part(table: Table, format: Format) -> Part:
    # Polars 2.1 panics in some expressions over columns of several pieces of which one is empty.
    rows = table.rows.drop("text", strict=False).rechunk()
    told = format.events(rows).with_columns(sensor=pl.lit(format.name))
    absent = [pl.lit(None, pl.String).alias(name) for name in (PROBLEM, BESIDE) if name not in told.columns]
    told = told.with_columns(absent)
    refused = told[PROBLEM].is_not_null() & told[BESIDE].is_null()
    bad = _refused(table, told, refused)
    good, kinds = told.filter(~refused) if refused.any() else told, told[BESIDE].drop_nulls().value_counts()
    events = good.filter(pl.col(BESIDE).is_null()) if kinds.height else good
    return Part(
        events=named_by_kubelet(with_said(events.select(name for name in POLARS if name in told.columns))),
        rejects=pl.concat(
            [table.rejects.with_columns(ours=pl.lit(False)), bad.with_columns(ours=pl.lit(True))]
        ),
        beside=Counter(dict(kinds.iter_rows())),
        lost=told.filter(pl.col(BESIDE) == LOSS),
        processes=None if format.processes is None else format.processes(good),
        containers=None if format.containers is None else sandboxes_by_kubelet(format.containers(events)),
    )


def _refused(table: Table, told: pl.DataFrame, refused: pl.Series) -> pl.DataFrame:
    """Return the lines of a table that are refused, with the reason and the beginning of their text."""
    places = told[PLACE].filter(refused) if PLACE in told.columns else refused.arg_true()
    lines, why = table.rows["line"].gather(places), told[PROBLEM].filter(refused)
    texts = table.rows["text"].gather(places) if table.shown is None else table.shown(lines)
    return pl.DataFrame({"line": lines, "reason": why, "text": texts.str.slice(0, 200)})


def _together(frames: list[pl.DataFrame | None]) -> pl.DataFrame | None:
    """Return what blocks declare, each once; a block alone says nothing twice."""
    there = [frame for frame in frames if frame is not None]
    return pl.concat(there).unique(maintain_order=True) if len(there) > 1 else next(iter(there), None)


def _nothing(path: Path, format: Format, found: list[Part]) -> RtmlError:
    """Make the error of a file without one record; where another sensor's is known, it is named."""
    head = beginning(path)
    error = wrong_format(path, format.what, head)
    if recognise(head) == format.name:
        error = RtmlError(f"{path}: no record of {format.what} can be read")
    rejects = pl.concat([part.rejects for part in found]) if found else None
    if rejects is None or rejects.is_empty():
        return error
    line, reason = rejects.sort("line").select("line", "reason").row(0)
    return NothingReadError(f"{error} (line {line}: {reason})", _rejects(path, found))
