"""A model knows again what it has learnt from, by the events themselves: names and paths can be changed.

When a model is made it keeps the moments of a sample of events. Moments in nanoseconds hardly ever meet by
chance; a capture in which many of them come again holds the same events, whatever its containers are called
now.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from rtml.errors import RtmlError
from rtml.times import UTC_NS, instant

__all__ = ["moments", "refuse_known"]

_SAMPLE = 512
_SPREAD = 1_000_003
"""A prime: which events are sampled depends on their nanoseconds alone, in any order and any shard."""

_KNOWN = 0.05
_FEWEST = 20


def moments(events: pl.LazyFrame, until: dt.datetime | None) -> list[int]:
    """Return the times, in nanoseconds, of a sample of the events of containers before ``until``, sorted.

    Examples
    --------
    >>> at = pl.Series([3, 1, 2]).cast(UTC_NS)
    >>> moments(pl.LazyFrame({"time": at, "container_id": ["c", "c", None]}), None)
    [1, 3]
    """
    rows = events.filter(pl.col("container_id").is_not_null())
    if until is not None:
        rows = rows.filter(pl.col("time") < instant(until))
    time = pl.col("time").cast(UTC_NS).to_physical().alias("time")
    # Whole seconds are what a sensor without nanoseconds writes: many events would share one.
    sampled = (
        rows.select(time)
        .filter(pl.col("time") % 1_000_000 != 0)
        .unique()
        .bottom_k(_SAMPLE, by=[pl.col("time") % _SPREAD, pl.col("time")])
        .collect(engine="streaming")
    )
    return sampled["time"].sort().to_list() if sampled.height else []


def refuse_known(events: pl.LazyFrame, known: Sequence[int], where: str) -> None:
    """Refuse a capture that holds what was learnt.

    Parameters
    ----------
    events
        Those that are about to be judged; what is known by container and time was left out before.
    known
        See `moments`; fewer than 20 prove nothing.

    Raises
    ------
    RtmlError
        One in twenty of the sampled moments comes again.
    """
    if len(known) < _FEWEST:
        return
    sample = pl.LazyFrame({"time": pl.Series(known, dtype=pl.Int64).cast(UTC_NS)})
    times = events.select(pl.col("time").cast(UTC_NS))
    again = (
        times.join(sample, on="time", how="semi").unique().select(pl.len()).collect(engine="streaming").item()
    )
    if again >= _KNOWN * len(known):
        raise RtmlError(
            f"{where}: the model has learnt from these events, whatever their containers are called: {again} "
            f"of a sample of {len(known)} come again; judge time that it has not seen"
        )
