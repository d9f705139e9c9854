"""Container ids of what was read, in one spelling: over all files of an import, over joined captures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import polars as pl

from rtml.captures.sensors import Reading
from rtml.captures.stand_ins import FACTS, any_stands, stood_for
from rtml.container_ids import bare_ids, merged, renamed

__all__ = ["changed", "may_be", "one_spelling", "renamed_rows"]

_FRAMES = ("events", "processes", "containers")
_Change = Callable[[pl.DataFrame], pl.DataFrame]


def one_spelling(readings: Sequence[Reading]) -> tuple[list[Reading], dict[str, list[str]]]:
    """Bring the container ids of all readings into one spelling (`rtml.container_ids`).

    Returns
    -------
    The readings, and the ids that begin several others, with those: they stay containers of their own.

    Examples
    --------
    >>> rows = pl.DataFrame({"container_id": ["docker://0123456789ab", "0123456789abcdef", None]})
    >>> readings, unclear = one_spelling([Reading(rows, pl.DataFrame(), 3)])
    >>> readings[0].events["container_id"].to_list(), unclear
    (['0123456789abcdef', '0123456789abcdef', None], {})
    """
    bare = [changed(reading, _bare) for reading in readings]
    frames = [getattr(reading, name) for reading in bare for name in _FRAMES]
    named = [
        frame["container_id"] for frame in frames if frame is not None and "container_id" in frame.columns
    ]
    ids = {one for column in named for one in column.drop_nulls().unique()}
    found = merged(ids | {one for reading in readings for one in may_be(reading)})
    spelled = [changed(reading, partial(renamed, ids=found.ids)) for reading in bare]
    if any_stands(ids):
        stood = stood_for(_facts([reading.events for reading in spelled]))
        spelled = [changed(reading, partial(renamed, ids=stood)) for reading in spelled]
    return spelled, found.several


def _facts(events: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return the names of each container, those that were told first."""
    named = [frame for frame in events if {*FACTS} <= {*frame.columns}]
    whole = [frame.select(pl.col(FACTS).cast(pl.String)) for frame in named]
    none = pl.DataFrame(schema=dict.fromkeys(FACTS, pl.String))
    rows = pl.concat([none, *whole]).unique(maintain_order=True)
    known = rows.drop_nulls("container_id").group_by("container_id", maintain_order=True)
    return known.agg(pl.exclude("container_id").drop_nulls().first())


def may_be(reading: Reading) -> set[str]:
    """Return the listed containers that short ids of a reading may be: an id that fits two is neither."""
    unclear = {} if reading.naming is None else reading.naming.unclear
    return {one for longer in unclear.values() for one in longer}


def changed(reading: Reading, change: _Change) -> Reading:
    """Return a reading with a change made to each of its tables that names containers."""
    return replace(
        reading,
        events=change(reading.events),
        processes=None if reading.processes is None else change(reading.processes),
        containers=None if reading.containers is None else change(reading.containers),
    )


def _bare(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(bare_ids(pl.col("container_id"))) if "container_id" in frame.columns else frame


def renamed_rows(rows: pl.LazyFrame, ids: Mapping[str, str]) -> pl.LazyFrame:
    """Give rows of a capture the ids of ``ids``, in the type that their column has.

    Examples
    --------
    >>> rows = pl.LazyFrame({"container_id": ["a", None]}, schema={"container_id": pl.Categorical})
    >>> renamed_rows(rows, {"a": "b"}).collect()["container_id"].to_list()
    ['b', None]
    """
    if not ids:
        return rows
    old, new = (pl.Series(list(side), dtype=pl.String) for side in (ids.keys(), ids.values()))
    kind = rows.collect_schema()["container_id"]
    return rows.with_columns(pl.col("container_id").cast(pl.String).replace(old, new).cast(kind))
