"""Which windows are positive: those that overlap an attack in their own container."""

from __future__ import annotations

import datetime as dt

import polars as pl

from rtml.times import Length, Window, span

__all__ = ["overlaps", "targets"]


def overlaps(windows: pl.DataFrame, labels: pl.DataFrame, every: Length) -> pl.DataFrame:
    """Return ``container_id, window, attack_id, start``: every window that shares time with one.

    A window ``[w, w + every)`` and an attack ``[start, end]`` overlap when ``w <= end`` and
    ``w + every > start``.
    """
    attacks = labels.select("container_id", "attack_id", "start", "end")
    return (
        windows.select("container_id", "window")
        .join(attacks, on="container_id")
        .filter(pl.col("window") <= pl.col("end"))
        .filter(pl.col("window") + Window.of(every).span > pl.col("start"))
        .select("container_id", "window", "attack_id", "start")
        .sort("container_id", "window", "attack_id")
    )


def targets(windows: pl.DataFrame, labels: pl.DataFrame, every: Length, grace: dt.timedelta) -> pl.DataFrame:
    """Add ``target``: 1 during an attack, 0 benign, null (left out) in the grace after an attack.

    An attack leaves traces behind (a shell that idles, a connection that closes): its container's
    windows that begin within ``grace`` after its end are neither right nor wrong to flag.

    Examples
    --------
    >>> begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    >>> minute = dt.timedelta(minutes=1)
    >>> windows = pl.DataFrame({"container_id": ["c"] * 4,
    ...                         "window": [begin + n * minute for n in range(4)]})
    >>> labels = pl.DataFrame({"container_id": ["c"], "attack_id": ["a"],
    ...                        "start": [begin + 1.2 * minute], "end": [begin + 1.5 * minute]})
    >>> targets(windows, labels, minute, minute)["target"].to_list()
    [0, 1, None, 0]
    """
    hit = overlaps(windows, labels, every).select("container_id", "window").unique()
    wider = labels.with_columns(end=pl.col("end") + span(grace))
    near = overlaps(windows, wider, every).select("container_id", "window").unique()
    key = ["container_id", "window"]
    return (
        windows.join(hit.with_columns(hit=pl.lit(True)), on=key, how="left", maintain_order="left")
        .join(near.with_columns(near=pl.lit(True)), on=key, how="left", maintain_order="left")
        .with_columns(target=pl.when(pl.col("hit")).then(1).when(pl.col("near")).then(None).otherwise(0))
        .drop("hit", "near")
    )
