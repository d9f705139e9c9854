"""What captures saw of whom: by account, cluster, month, host, container and clock hour."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from rtml.captures import Capture, open_capture
from rtml.errors import MissingFileError
from rtml.schema import empty
from rtml.usage.inventory import UNKNOWN

__all__ = ["SEEN", "WHO", "captures_in", "seen"]

WHO = ("account", "cluster", "month")
SEEN = pl.Schema(
    {
        "capture": pl.String(),
        "account": pl.String(),
        "cluster": pl.String(),
        "month": pl.String(),
        "hour": pl.Datetime("ns", "UTC"),
        "host": pl.String(),
        "container_id": pl.String(),
        "events": pl.Int64(),
        "bytes": pl.Float64(),
    }
)
"""One row per capture and what is named here. ``bytes`` are those of the capture's inputs, by its events."""


def captures_in(inputs: Iterable[str]) -> list[str]:
    """Return the captures that inputs name, each once: captures, folders of captures, patterns, URLs.

    Raises
    ------
    MissingFileError
        An input has no capture in it.

    Examples
    --------
    >>> captures_in(["no/such/*"])
    Traceback (most recent call last):
    ...
    rtml.errors.MissingFileError: no/such/*: no capture here (no capture.json in it)
    """
    found: dict[str, None] = {}
    for text in inputs:
        own = [text] if "://" in text else sorted(_below(text))
        if not own:
            raise MissingFileError(f"{text}: no capture here (no capture.json in it)", argument="capture")
        found.update(dict.fromkeys(own))
    return list(found)


def _below(text: str) -> set[str]:
    """Return the captures that a path or a pattern names, else those below what it names."""
    places = [Path(text)] if Path(text).exists() else [Path(name) for name in glob.glob(text, recursive=True)]
    named = {str(place) for place in places if (place / "capture.json").is_file()}
    below = {str(file.parent) for place in places if place.is_dir() for file in place.rglob("capture.json")}
    return named or below


def seen(captures: Sequence[str]) -> pl.DataFrame:
    """Count what captures saw (`SEEN`); an event without an account or a cluster is of ``unknown``."""
    tables = [_counted(open_capture(path)) for path in captures]
    return pl.concat([empty(SEEN), *tables])


def _counted(capture: Capture) -> pl.DataFrame:
    names = ("account", "cluster", "host", "container_id")
    hour = pl.col("time").dt.truncate("1h").alias("hour")
    rows = (
        capture.events([*names, "time"])
        .group_by(hour, *(pl.col(name).cast(pl.String) for name in names))
        .agg(events=pl.len().cast(pl.Int64))
        .collect(engine="streaming")
    )
    size = sum(one.bytes for one in capture.manifest.inputs)
    share = pl.col("events") / max(1, capture.manifest.events)
    return rows.select(
        pl.lit(capture.path).alias("capture"),
        pl.col("account", "cluster", "host").fill_null(UNKNOWN),
        pl.col("container_id"),
        pl.col("hour"),
        pl.col("events"),
        month=pl.col("hour").dt.strftime("%Y-%m"),
        bytes=share * size,
    ).select(SEEN.names())
