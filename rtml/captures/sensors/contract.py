"""What a sensor format is: a name and a function from files to a `Reading`.

A new sensor is one file here with one `Sensor` and one line in ``sensors/__init__.py``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

__all__ = ["CONTAINERS", "REJECTS", "Lost", "Reading", "Sensor"]

REJECTS = pl.Schema(
    {"file": pl.String, "line": pl.Int64, "reason": pl.String, "text": pl.String}
)
"""Input that could not be read: where, why, and its first 200 characters."""

_UTC = pl.Datetime("ns", "UTC")
CONTAINERS = pl.Schema(
    {"container_id": pl.String, "container_name": pl.String, "role": pl.String, "started": _UTC}
)
"""What a sensor knows of containers beyond the events; ``role`` may be ``infrastructure``."""


@dataclass(frozen=True)
class Lost:
    """Events that the sensor itself lost: how many, on which host, between which times."""

    host: str
    start: dt.datetime | None
    end: dt.datetime | None
    count: int


@dataclass(frozen=True)
class Reading:
    """One sitting as read: every input record is an event, a reject, or neither by design.

    ``records`` counts the records of the input that claim to be events, so that
    ``records == inputs of events + rejects`` can be checked. Rows of ``events`` hold any subset of
    the columns of `rtml.schema.EVENTS`; the importer adds process identity and order.
    """

    events: pl.DataFrame
    rejects: pl.DataFrame
    records: int
    lost: Sequence[Lost] = ()
    containers: pl.DataFrame | None = None
    version: str | None = None


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
    """

    name: str
    read: Callable[[Path], Reading]
    blind: frozenset[str] = field(default_factory=frozenset)
    identified: bool = False
