"""On which node an alert was: some name it, others of the same container do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from rtml.captures.sensors.contract import Reading
from rtml.captures.sensors.declared import before_their_exec

__all__ = ["on_its_node"]

_UNKNOWN = "unknown"


def on_its_node(readings: Sequence[Reading]) -> list[Reading]:
    """Give alerts that name no node the one that others of the same container name, if they name one.

    Examples
    --------
    >>> told = {"container_id": ["c", "c", "d"], "host": ["unknown", "node", "unknown"]}
    >>> events = pl.DataFrame({**told, "kind": "open", "process_id": 1})
    >>> on_its_node([Reading(events, pl.DataFrame(), 3)])[0].events["host"].to_list()
    ['node', 'node', 'unknown']
    """
    nodes = _nodes([reading.events for reading in readings])
    return before_their_exec(
        [
            replace(
                reading,
                events=_on_nodes(reading.events, nodes),
                processes=None if reading.processes is None else _on_nodes(reading.processes, nodes),
            )
            for reading in readings
        ]
    )


def _nodes(events: Sequence[pl.DataFrame]) -> dict[str, str]:
    """Return the node of each container of which only one is named."""
    host, container = pl.col("host").cast(pl.String), pl.col("container_id").cast(pl.String)
    pairs = [frame.select(container, node=host).drop_nulls().unique() for frame in events]
    if not pairs:
        return {}
    named = pl.concat(pairs).unique().filter(pl.col("node") != _UNKNOWN)
    alone = named.filter(~pl.col("container_id").is_duplicated())
    return dict(alone.select("container_id", "node").iter_rows())


def _on_nodes(frame: pl.DataFrame, nodes: dict[str, str]) -> pl.DataFrame:
    host, container = pl.col("host").cast(pl.String), pl.col("container_id").cast(pl.String)
    known = container.replace_strict(nodes, default=None, return_dtype=pl.String)
    return frame.with_columns(host=pl.when(host == _UNKNOWN).then(pl.coalesce(known, host)).otherwise(host))
