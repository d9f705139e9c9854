"""What a sensor format is: a name and a function from files to a `Reading`.

A new sensor is one file with one `Sensor`, and one line: in ``sensors/__init__.py``, or an entry point of
``rtml.sensors`` in somebody else's package. `rtml.testing.check_sensor` holds it to the laws.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from rtml.captures.sensors.written import Written
from rtml.errors import RtmlError

__all__ = [
    "CONTAINERS",
    "PROCESSES",
    "Lines",
    "Lost",
    "Naming",
    "NothingReadError",
    "Reading",
    "Sensor",
    "Written",
]


class NothingReadError(RtmlError):
    """A file has no record of the sensor's format; ``rejects`` is what it has instead."""

    def __init__(self, message: str, rejects: pl.DataFrame) -> None:
        super().__init__(message)
        self.rejects = rejects


_UTC = pl.Datetime("ns", "UTC")
CONTAINERS = pl.Schema(
    {"container_id": pl.String(), "container_name": pl.String(), "role": pl.String(), "started": _UTC}
)
"""What a sensor knows of containers beyond the events; ``role`` may be ``infrastructure``."""

PROCESSES = pl.Schema(
    {
        "process_id": pl.Int64(),
        "parent_id": pl.Int64(),
        "host": pl.String(),
        "container_id": pl.String(),
        "pid": pl.Int32(),
        "ppid": pl.Int32(),
        "started": _UTC,
        "exe": pl.String(),
        "cmdline": pl.String(),
        "uid": pl.Int32(),
    }
)
"""Processes as a sensor first declared them, also those without any event: the ancestors."""


@dataclass(frozen=True)
class Lost:
    """Events that the sensor itself lost: how many, on which host, between which times."""

    host: str
    start: dt.datetime | None
    end: dt.datetime | None
    count: int


@dataclass(frozen=True)
class Naming:
    """What lists of containers told of those of a reading (`rtml.captures.inventory`).

    ``listed`` counts the containers of the lists; ``named`` are those of the reading that are among them.
    ``contradicted``, by column: those of which the sensor says something else, which stays. ``unclear``:
    short ids that begin the ids of several listed containers, with those.
    """

    listed: int
    named: frozenset[str] = frozenset()
    contradicted: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unclear: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """One sitting as read: every input record is an event, a reject, or neither by design.

    ``records`` counts the records of the input that claim to be events, so that
    ``records == inputs of events + rejects`` can be checked. Rows of ``events`` hold any subset of
    the columns of `rtml.schema.EVENTS`; the importer adds process identity and order.
    ``processes`` (columns of `PROCESSES`) are those that the sensor names itself, also without any
    event of their own: they carry lineage. ``audit`` (`rtml.captures.audit.AUDIT`) says more of
    events of kind audit, found by ``host`` and ``seq``. Readings with one ``sitting`` are one time
    line, whatever the order of their files: processes are resolved over all of them. ``beside`` counts
    records that are neither events nor rejects by design, by what they are (accounts of losses, alerts of
    other sources); ``left_out`` events that are out of scope, by the switch that says so
    (`rtml.captures.scope`). ``naming``: what lists of containers told.
    """

    events: pl.DataFrame
    rejects: pl.DataFrame
    records: int
    lost: Sequence[Lost] = ()
    containers: pl.DataFrame | None = None
    processes: pl.DataFrame | None = None
    version: str | None = None
    audit: pl.DataFrame | None = None
    sitting: str | None = None
    beside: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    naming: Naming | None = None


def _all(raw: bytes) -> int:
    return len(raw)


@dataclass(frozen=True)
class Lines:
    """Any run of whole lines of a file can be read by itself, as if it were a file.

    Parameters
    ----------
    beside
        Names of files in the folder of the input that are read with it.
    cut
        From whole lines to the number of bytes that can be read without those that follow: where records
        are put together from several lines, these stay together.
    """

    beside: tuple[str, ...] = ()
    cut: Callable[[bytes], int] = _all


@dataclass(frozen=True)
class Sensor:
    """A sensor format.

    Parameters
    ----------
    name
        As written on the command line: ``rtml capture import NAME``.
    read
        From one input file to a `Reading`; raises `rtml.errors.RtmlError` where the file is not of
        this format at all. One file is one sitting: process ids are resolved within it.
    blind
        Event kinds that this sensor can never report, so that no detector is judged on them.
    identified
        The sensor gives ``process_id`` and ``parent_id`` itself; nothing has to be inferred.
    signature
        Says from the first bytes of a file (a few hundred or more, unpacked) whether it is of this
        format, so that another sensor can name this one; None: its files are never recognised.
    together
        What is to be done when all files of an import have been read: what only several of them tell.
    lines
        How its files are read piece by piece, so that memory does not grow with them and growing
        files can be followed; None: only as a whole.
    written
        How records stand in the files: which laws can be asked of samples (`rtml.testing`).
    instead
        What stands in the place of containers where records name none: ``network interfaces``.
    untimed
        Why events do not have the pace of what happened, where records stand for long windows.
    samples
        Small files of the format that the package brings, for the laws; ours lie in ``tests/data``.
    """

    name: str
    read: Callable[[Path], Reading]
    blind: frozenset[str] = field(default_factory=frozenset)
    identified: bool = False
    signature: Callable[[bytes], bool] | None = None
    together: Callable[[Sequence[Reading]], list[Reading]] = list
    lines: Lines | None = None
    written: Written = field(default_factory=Written)
    instead: str | None = None
    untimed: str | None = None
    samples: tuple[Path, ...] = ()
