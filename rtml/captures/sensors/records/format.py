"""What a sensor that writes JSON records declares: the fields, which objects are its own, what they mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from rtml.captures.sensors.contract import Lost
from rtml.captures.sensors.records.fields import Fields
from rtml.reading.envelopes import ANYTHING

__all__ = ["BESIDE", "LOSS", "PLACE", "PROBLEM", "Format"]

PROBLEM = "problem"
"""Column of a sensor's events: why the record is none; null where nothing is wrong."""

BESIDE = "beside"
"""Column of a sensor's events: what a record is that is no event by design; null for events."""

PLACE = "place"
"""Column of a sensor's events where one record may be several: the row that each was, from 0."""

LOSS = "an account of losses"
"""What stands in `BESIDE` where a record counts what the sensor lost."""


def _nothing_lost(rows: pl.DataFrame) -> Sequence[Lost]:
    return ()


@dataclass(frozen=True)
class Format:
    """A format of JSON records.

    Parameters
    ----------
    name
        Of the sensor.
    what
        The format, for errors: ``a log of Falco (JSON lines)``.
    generations
        Of each form in which the sensor writes its records: column to field; all columns are text unless a
        type is said. A record is read in the first form in which it is claimed; columns that only another
        form has are null.
    claims
        Says of the columns of a record whether it is one of this format at all.
    needs
        Columns without each of which no record is claimed: lines that lack their keys are not read in
        that form. None: every line is read in every form until one claims it.
    events
        From the rows of a block (``line``, ``generation`` from 0, and the columns) to the same rows with
        columns of `rtml.schema.EVENTS` and, where needed, `PROBLEM` and `BESIDE`; others are left out. Where
        a record is several events there are more rows, with `PLACE`.
    lost
        From all rows of a file that are `LOSS`, as ``events`` returned them, to what was lost; it sees them
        once, at the end.
    rewrite
        What to do to the texts of records before they are read, where one key says what others mean.
    processes
        From the rows of a block that are not refused, as ``events`` returned them, to the processes that
        they name (`contract.PROCESSES`).
    containers
        From the same rows to what they say of containers (`contract.CONTAINERS`).
    cut
        From whole lines to the number of bytes that can be read without those that follow (`contract.Lines`).
    writers
        Words of which one is in the names of the sensor's containers or units: where an agent that shipped a
        line names another one, the line is refused (`rtml.reading.writers`). None: lines of any.
    own
        Tells values that are records, although they look like what agents wrap lines in.
    host
        Column that names the host: where a record names none it is the one that the head of syslog before it
        names (`rtml.captures.sensors.heads`). None: heads tell nothing.
    """

    name: str
    what: str
    generations: Sequence[Fields]
    claims: pl.Expr
    events: Callable[[pl.DataFrame], pl.DataFrame]
    lost: Callable[[pl.DataFrame], Sequence[Lost]] = _nothing_lost
    needs: Sequence[str] = ()
    rewrite: Callable[[pl.Expr], pl.Expr] | None = None
    processes: Callable[[pl.DataFrame], pl.DataFrame] | None = None
    containers: Callable[[pl.DataFrame], pl.DataFrame] | None = None
    cut: Callable[[bytes], int] = len
    writers: Sequence[str] = ()
    own: Callable[[Any], bool] = ANYTHING.own
    host: str | None = None
