"""A model knows again what it has learnt from, by the events themselves: names and paths can be changed.

When a model is made it keeps the moments of a sample of events, and a sample of the paces of its containers:
three gaps between four starts of programs, one after the other. Neither meets by chance in nanoseconds; a
capture in which many come again holds the same events, whatever its containers are called now, and by paces
also where all its times were moved.

Fails when clocks tell whole milliseconds (nothing is kept then); a moved copy is not known again where no
programs start, and where times were stretched or rounded as well.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import polars as pl

from rtml.errors import RtmlError
from rtml.times import UTC_NS, instant

__all__ = ["again", "moments", "paces", "refuse", "refuse_known"]

_SAMPLE = 512
_SPREAD = 1_000_003
"""A prime: which events are sampled depends on their nanoseconds alone, in any order and any shard."""

_KNOWN = 0.05
_FEWEST = 20
_LEAST = 10_000_000
"""Nanoseconds from the first to the last of four events: a burst has too few paces to tell it by."""

_MILLISECOND = 1_000_000


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
        .filter(pl.col("time") % _MILLISECOND != 0)
        .unique()
        .bottom_k(_SAMPLE, by=[pl.col("time") % _SPREAD, pl.col("time")])
        .collect(engine="streaming")
    )
    return sampled["time"].sort().to_list() if sampled.height else []


def paces(events: pl.LazyFrame, until: dt.datetime | None) -> list[int]:
    """Return a sample of the paces at which programs start in containers before ``until``, sorted.

    Examples
    --------
    >>> at = pl.Series([0, 3, 10, 30_000_001]).cast(UTC_NS)
    >>> learnt = pl.LazyFrame({"time": at, "container_id": "c", "kind": "exec"})
    >>> moved = learnt.with_columns(pl.col("time").dt.offset_by("9d"), container_id=pl.lit("other"))
    >>> len(paces(learnt, None)), paces(learnt, None) == paces(moved, None)
    (1, True)
    """
    rows = events if until is None else events.filter(pl.col("time") < instant(until))
    pace = pl.col("pace")
    sampled = _paces(rows).bottom_k(_SAMPLE, by=[pace % _SPREAD, pace]).collect()
    return sampled["pace"].sort().to_list() if sampled.height else []


def _paces(events: pl.LazyFrame) -> pl.LazyFrame:
    """Return each pace of a container's distinct starts of programs, as one number."""
    time, container = pl.col("time"), pl.col("container_id")
    ordered = (
        events.filter(container.is_not_null() & (pl.col("kind") == "exec"))
        .select("container_id", time.cast(UTC_NS).to_physical())
        .unique()
        .sort("container_id", "time")
    )
    gaps = ordered.select(
        *((time - time.shift(back)).alias(f"g{back}") for back in (1, 2, 3)),
        same=container == container.shift(3),
    )
    told = pl.col("same") & (pl.col("g3") >= _LEAST) & (pl.col("g3") % _MILLISECOND != 0)
    # Primes far apart: whole numbers wrap round, so that three gaps make one number that hardly repeats.
    number = pl.col("g1") * 1_000_000_007 + pl.col("g2") * 998_244_353 + pl.col("g3")
    return gaps.filter(told).select(pace=number).unique()


def refuse_known(
    events: pl.LazyFrame, known: Sequence[int], where: str, known_paces: Sequence[int] = ()
) -> None:
    """Refuse a capture that holds what was learnt: `again` and `refuse` in one.

    Parameters
    ----------
    events
        Those that are about to be judged; what is known by container and time was left out before.
    known, known_paces
        See `moments`, `paces`; fewer than 20 of a kind prove nothing.
    where
        What is refused.

    Raises
    ------
    RtmlError
        One in twenty of a sample comes again.
    """
    refuse([again(events, known, known_paces)], known, where, known_paces)


def again(
    events: pl.LazyFrame, known: Sequence[int], known_paces: Sequence[int] = ()
) -> tuple[list[int], list[int]]:
    """Return which of the sampled `moments` and `paces` come again in events; of few none are looked for."""
    times = events.select(pl.col("time").cast(UTC_NS).to_physical())
    return _met(times, known), _met(_paces(events), known_paces)


def refuse(
    met: Iterable[Sequence[Sequence[int]]], known: Sequence[int], where: str, known_paces: Sequence[int] = ()
) -> None:
    """Refuse events by what `again` gave of all their shards; see `refuse_known`."""
    moments_met, paces_met = zip(*met, strict=True)
    _refuse(moments_met, known, where, "whatever their containers are called")
    _refuse(paces_met, known_paces, where, "though their times were moved")


def _met(numbers: pl.LazyFrame, known: Sequence[int]) -> list[int]:
    if len(known) < _FEWEST:
        return []
    name = numbers.collect_schema().names()[0]
    sample = pl.LazyFrame({name: pl.Series(known, dtype=pl.Int64)})
    both = numbers.join(sample, on=name, how="semi").unique().collect(engine="streaming")
    return sorted(both[name].to_list())


def _refuse(met: Iterable[Sequence[int]], known: Sequence[int], where: str, although: str) -> None:
    again = len({number for part in met for number in part})
    if len(known) >= _FEWEST and again >= _KNOWN * len(known):
        raise RtmlError(
            f"{where}: the model has learnt from these events, {although}: {again} "
            f"of a sample of {len(known)} come again; judge time that it has not seen"
        )
