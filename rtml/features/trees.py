"""Process trees of events: for what is to be followed through all processes of one tree."""

from __future__ import annotations

import polars as pl

from rtml.lineage import with_root

__all__ = ["TREE", "with_tree"]

TREE = ("container_id", "root_id")
"""What names a tree in the result of `with_tree`."""


def with_tree(events: pl.LazyFrame, processes: pl.LazyFrame) -> pl.LazyFrame:
    """Add ``root_id``, the lineage root of each event's process, and put events in order of time.

    A process of unknown root is its own; events that name no process are one tree per container.

    Examples
    --------
    >>> events = pl.LazyFrame({"host": ["h", "h"], "process_id": [7, 8], "time": [2, 1], "seq": [2, 1]})
    >>> known = pl.LazyFrame({"host": ["h"], "process_id": [7], "root_id": [5]})
    >>> with_tree(events, known).collect()["root_id"].to_list()
    [8, 5]
    """
    return with_root(events, processes).sort("time", "seq")
