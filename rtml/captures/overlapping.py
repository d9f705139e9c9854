"""Files that hold a part of another: a log and a shorter copy of it, two that share lines at their border.

Rotation that copies and cuts, a collector that was asked twice, a copy made while the log grew: each
record of such a part would count twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from rtml.captures.sensors import Reading
from rtml.schema import conform

__all__ = ["without_repeats"]

_PLACES = 100
"""Events of one file at the moment at which another begins that are looked at."""


class _File(NamedTuple):
    path: Path
    events: pl.DataFrame
    times: npt.NDArray[np.int64]


def without_repeats(read: Mapping[Path, Reading]) -> dict[Path, Reading]:
    """Leave the beginning of a file out that is a run of records of another one.

    The run begins with the file's first event, and ends where one of both files ends. Its events are of the
    same moments, and say nothing that the other file's do not say; they are of two moments at least, as one
    event may well be written twice. So nothing is left out that is not in the capture, whoever wrote the
    file. What was left out is counted in `Reading.beside`. Requests of the Kubernetes API stay: of them
    `rtml.captures.audit` tells copies by itself.

    Parameters
    ----------
    read
        What was read of each file, of one sensor. Files that are read in blocks
        (`rtml.captures.streaming`) are not looked at.

    Returns
    -------
    The same files; those that repeat nothing as they were given.
    """
    files = [
        _File(path, reading.events, reading.events["time"].dt.epoch("ns").to_numpy())
        for path, reading in read.items()
        if reading.audit is None and reading.events.height > 1 and not reading.events["time"].null_count()
    ]
    files.sort(key=lambda file: (file.times[0], -len(file.times)))
    spans = [(int(file.times.min()), int(file.times.max())) for file in files]
    kept = dict(read)
    for i, file in enumerate(files):
        begin = int(file.times[0])
        others = [files[j] for j in range(i) if spans[j][0] <= begin <= spans[j][1]]
        size, other = max(((_shared(one, file), n) for n, one in enumerate(others)), default=(0, 0))
        if size:
            kept[file.path] = _behind(read[file.path], size, f"also in {others[other].path.name}")
    return kept


def _shared(one: _File, other: _File) -> int:
    """Return how many events at the beginning of the other file stand in this one, up to a border."""
    for place in map(int, np.flatnonzero(one.times == other.times[0])[:_PLACES]):
        size = min(len(one.times) - place, len(other.times))
        for whole in (size, size - 1) if place + size == len(one.times) else (size,):  # the last may be cut
            if _same(one, other, place, whole):
                return whole
    return 0


def _same(one: _File, other: _File, place: int, size: int) -> bool:
    times = other.times[:size]
    if size < 2 or (times == times[0]).all() or not np.array_equal(one.times[place : place + size], times):
        return False
    return bool(_told(one.events.slice(place, size), other.events.head(size)).all())


def _told(known: pl.DataFrame, again: pl.DataFrame) -> pl.Series:
    """Tell of which rows everything is known; a record without those before it says less."""
    known, again = conform(known).drop("seq"), conform(again).drop("seq")
    kept = again.rename(lambda name: f"{name}:again")
    same = [
        pl.col(f"{name}:again").is_null() | pl.col(name).eq_missing(pl.col(f"{name}:again"))
        for name in known.columns
    ]
    return known.hstack(kept).select(pl.all_horizontal(same)).to_series()


def _behind(reading: Reading, size: int, where: str) -> Reading:
    beside = {**reading.beside, where: reading.beside.get(where, 0) + size}
    return replace(reading, events=reading.events.slice(size), records=reading.records - size, beside=beside)
