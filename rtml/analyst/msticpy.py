"""Programs in the shape that msticpy's process tree takes: a frame, and which column is what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MAPPING", "mapped"]

MAPPING = {
    "time_stamp": "since",
    "process_name": "exe",
    "process_id": "pid",
    "parent_id": "ppid",
    "cmd_line": "cmdline",
    "user_id": "uid",
    "host_name_column": "host",
    "path_separator": "/",
}
"""Field of ``msticpy.transform.proc_tree_schema.ProcSchema`` to column; ``path_separator`` is itself."""


def mapped(processes: pl.LazyFrame, roots: Sequence[int]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return a row per program that was run in these trees, and `MAPPING`.

    A process that only forked has the program of its parent; where no sensor knew the path, the name in
    brackets stands for it. msticpy joins child and parent by number and time, so a process that runs several
    programs one after the other is several rows.

    Examples
    --------
    >>> images = pl.LazyFrame({"root_id": [1], "host": ["h"], "pid": [10], "ppid": [1], "exe": [None],
    ...     "comm": ["sh"], "cmdline": ["sh -c id"], "uid": [0], "since": [None], "container_id": ["c"]})
    >>> frame, mapping = mapped(images, [1])
    >>> frame[mapping["process_name"]].tolist()
    ['[sh]']
    """
    ours = processes.filter(pl.col("root_id").is_in(list(roots))).select(
        "since",
        pl.col("host", "container_id").cast(pl.String),
        "pid",
        "ppid",
        pl.coalesce(pl.col("exe").cast(pl.String), pl.format("[{}]", pl.col("comm").cast(pl.String))).alias(
            "exe"
        ),
        "cmdline",
        "uid",
    )
    return ours.sort("since", "pid").collect().to_pandas(), dict(MAPPING)
