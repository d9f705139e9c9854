"""One container over time: events per kind, scores, findings, and when it was attacked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from rtml.errors import MissingError
from rtml.evaluation.sides import Side
from rtml.evaluation.track import Track
from rtml.times import UTC_NS, instant

__all__ = ["Timeline", "make_timeline", "most_attacked"]

BINS = 240
"""Time slices of the picture: about four pixels each."""

SHOWN_KINDS = 7
"""Kinds with a colour of their own; the rest is drawn as ``other``."""


@dataclass(frozen=True)
class Timeline:
    """What is drawn: all frames are of one container and between ``begin`` and ``end``.

    ``events``: ``time, kind, events`` per slice of ``bin``. ``scores``: ``side, window, share`` =
    share of the test windows that score lower. ``findings``: ``side, kind, first_seen, last_seen,
    title, severity``. ``attacks``: ``attack_id, name, start, end``.
    """

    container: str
    begin: dt.datetime
    end: dt.datetime
    bin: dt.timedelta
    events: pl.DataFrame
    scores: pl.DataFrame
    findings: pl.DataFrame
    attacks: pl.DataFrame


def most_attacked(track: Track) -> str | None:
    """Return the container with the most attacks (first by name among equals), null without any.

    Examples
    --------
    See `make_timeline`.
    """
    if track.labels.is_empty():
        return None
    counted = track.labels.group_by("container_id").len()
    return str(counted.sort("len", "container_id", descending=[True, False]).item(0, 0))


def make_timeline(
    container_id: str,
    events: pl.LazyFrame | pl.DataFrame,
    sides: Iterable[Side],
    track: Track,
    name: str | None = None,
) -> Timeline:
    """Cut everything that is known about one container to its test time, ready to draw.

    Parameters
    ----------
    container_id
        One that the test windows hold.
    events
        ``time, kind, container_id`` and, if there, ``count``; read lazily, only these columns.
    sides
        Rules and models; scores of models are drawn as their share among all test windows, so that
        detectors with different units fit one axis.
    name
        How the container is called in the title; default its id.

    Raises
    ------
    RtmlError
        Fails when no test window belongs to the container.
    """
    windows = track.windows.filter(pl.col("container_id") == container_id)
    begin, last = windows["window"].min(), windows["window"].max()
    if not isinstance(begin, dt.datetime) or not isinstance(last, dt.datetime):
        raise MissingError(f"timeline: no test window belongs to container {container_id!r}")
    end = last + track.every.length
    width = dt.timedelta(seconds=max(1, round((end - begin).total_seconds() / BINS)))
    proper = [side for side in sides if side.kind in ("rules", "model")]
    attacks = track.labels.filter(pl.col("container_id") == container_id)
    return Timeline(
        name or container_id,
        begin,
        end,
        width,
        _binned(events.lazy(), container_id, begin, end, width),
        _shares(proper, container_id, track),
        _marks(proper, container_id, begin, end),
        attacks.select("attack_id", "name", "start", "end"),
    )


def _binned(
    events: pl.LazyFrame, container_id: str, begin: dt.datetime, end: dt.datetime, bin: dt.timedelta
) -> pl.DataFrame:
    names = events.collect_schema().names()
    weight = pl.col("count").fill_null(1) if "count" in names else pl.lit(1)
    sliced = (
        events.filter(pl.col("container_id") == container_id)
        .filter((pl.col("time") >= instant(begin)) & (pl.col("time") < instant(end)))
        .select(pl.col("time").cast(UTC_NS).dt.truncate(bin), pl.col("kind").cast(pl.String), n=weight)
        .group_by("time", "kind")
        .agg(events=pl.col("n").sum().cast(pl.Int64))
        .collect()
    )
    totals = sliced.group_by("kind").agg(pl.col("events").sum())
    shown = totals.sort("events", "kind", descending=[True, False])["kind"].head(SHOWN_KINDS)
    kind = pl.when(pl.col("kind").is_in(shown.implode())).then("kind").otherwise(pl.lit("other"))
    return sliced.group_by("time", kind.alias("kind")).agg(pl.col("events").sum()).sort("time", "kind")


def _shares(sides: list[Side], container_id: str, track: Track) -> pl.DataFrame:
    schema = {"side": pl.String(), "window": UTC_NS, "share": pl.Float64()}
    frames = [pl.DataFrame(schema=schema)]
    for side in sides:
        if side.scores is None or side.kind != "model":
            continue
        scored = track.scored(side.scores)
        rank = (pl.col("score").rank("min") - 1) / max(scored.height - 1, 1)
        shares = scored.with_columns(share=rank).filter(pl.col("container_id") == container_id)
        frames.append(shares.sort("window").select(pl.lit(side.name).alias("side"), "window", "share"))
    return pl.concat(frames)


def _marks(sides: list[Side], container_id: str, begin: dt.datetime, end: dt.datetime) -> pl.DataFrame:
    columns = ("first_seen", "last_seen", "title", "severity")
    frames = [
        side.findings.filter(pl.col("container_id") == container_id)
        .filter(pl.col("last_seen") >= instant(begin))
        .filter(pl.col("first_seen") < instant(end))
        .sort("first_seen", "last_seen", "title")
        .select(pl.lit(side.name).alias("side"), pl.lit(side.kind).alias("kind"), *columns)
        for side in sides
    ]
    if not frames:
        return pl.DataFrame(schema=["side", "kind", *columns])
    return pl.concat(frames)
