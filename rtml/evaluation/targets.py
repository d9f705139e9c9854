"""Which windows are positive: those that overlap an attack in their own container."""

from __future__ import annotations

import datetime as dt

import polars as pl

from rtml.times import UTC_NS, Length, Window, instant, span

__all__ = ["overlaps", "spread", "targets"]


def overlaps(windows: pl.DataFrame, labels: pl.DataFrame, every: Length) -> pl.DataFrame:
    """Return ``container_id, window, attack_id, start``: every window that shares time with one.

    A window ``[w, w + every)`` and an attack ``[start, end]`` overlap when ``w <= end`` and
    ``w + every > start``.
    """
    length, window = Window.of(every), pl.col("window")
    rows = windows.select("container_id", "window", edge=window + length.span)
    # A window touches one or two cells of the grid, and so do attacks: no attack meets all windows.
    cells = pl.concat([rows.with_columns(cell=length.start(name)) for name in ("window", "edge")])
    attacks = spread(labels.select("container_id", "attack_id", "start", "end"), "cell", length, cells)
    return (
        cells.unique()
        .join(attacks, on=["container_id", "cell"])
        .filter(window <= pl.col("end"))
        .filter(window + length.span > pl.col("start"))
        .select("container_id", "window", "attack_id", "start")
        .unique()
        .sort("container_id", "window", "attack_id")
    )


def spread(spans: pl.DataFrame, name: str, length: Window, over: pl.DataFrame) -> pl.DataFrame:
    """Lay ``start`` to ``end`` out over the cells of a grid: one row per cell that ``over`` reaches.

    Joins on container and cell are then as large as what overlaps, not as all pairs of a container.

    Parameters
    ----------
    name
        Of the column of cells, here and in ``over``.
    length
        Of a cell.
    over
        What will be joined; what lies before or after its cells is not laid out.

    Examples
    --------
    >>> at = [dt.datetime(2026, 1, 1, 0, minute, 30, tzinfo=dt.UTC) for minute in (0, 5)]
    >>> spans = pl.DataFrame({"start": at[:1], "end": at[1:]})
    >>> cells = pl.DataFrame({"cell": [at[0].replace(second=0), at[0].replace(minute=2, second=0)]})
    >>> spread(spans, "cell", Window.of("60s"), cells)["cell"].dt.minute().to_list()
    [0, 1, 2]
    """
    first, last = over.select(pl.col(name).min().alias("first"), last=pl.col(name).max()).row(0)
    if first is None:
        return spans.clear().with_columns(pl.lit(None, UTC_NS).alias(name))
    begin = pl.max_horizontal(length.start("start"), instant(first))
    until = pl.min_horizontal("end", instant(last))
    cells = pl.datetime_ranges(begin, until, length.text, time_unit="ns")
    return spans.filter(begin <= until).with_columns(cells.alias(name)).explode(name)


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
