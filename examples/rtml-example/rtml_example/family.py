"""Variety: how many different programs start, and how much one of them does alone."""

from __future__ import annotations

import polars as pl

from rtml.features import Family
from rtml.features.pairs import CELL, Material

__all__ = ["VARIETY", "variety"]


def variety(material: Material) -> pl.DataFrame:
    """Count programs per container and window, or per process tree and window.

    - ``programs``: distinct programs started; 0 and up.
    - ``repeats``: starts of the program that is started most, per minute; 0 and up.

    Both are 0 in a window that starts nothing. Fails when a workload starts programs at random times.

    References
    ----------
    Forrest et al., "A sense of self for Unix processes", 1996, https://doi.org/10.1109/SECPRI.1996.502675

    Examples
    --------
    >>> import datetime as dt
    >>> from rtml.features import windows
    >>> events = pl.DataFrame({"time": [dt.datetime(2026, 1, 1)] * 3, "seq": [1, 2, 3],
    ...     "kind": ["exec"] * 3, "container_id": ["c"] * 3, "exe": ["/bin/sh", "/bin/ls", "/bin/ls"]})
    >>> row = windows(events, families=["variety"]).row(0, named=True)
    >>> row["variety.programs"], row["variety.repeats"]
    (2.0, 2.0)
    """
    source = material.source
    started = source.events.filter(pl.col("kind") == "exec").with_columns(source.window)
    program = pl.col("exe").cast(pl.String)
    cells = started.group_by("container_id", "window", "host", "process_id", program).agg(starts=pl.len())
    counted = source.rooted(cells.collect()).group_by(*CELL, "exe").agg(pl.col("starts").sum())
    minutes = source.every.seconds / 60
    return counted.group_by(CELL).agg(
        programs=pl.len().cast(pl.Float64), repeats=pl.col("starts").max() / minutes
    )


VARIETY = Family("variety", variety, ("programs", "repeats"), purpose="Execution")
"""Registered by the entry point ``variety`` of ``rtml.features``."""
