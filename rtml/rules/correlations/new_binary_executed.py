"""A program that was written in this container is executed; the finding names who wrote it."""

from __future__ import annotations

import polars as pl

from rtml.asof import asof
from rtml.captures.store import Capture
from rtml.rules.correlations.contract import Step, correlation
from rtml.rules.correlations.sequence import ORDER, completed, observed, written

__all__ = ["NEW_BINARY_EXECUTED", "find"]


def find(capture: Capture) -> pl.LazyFrame:
    """Programs executed that did not come with the image.

    The file was written, renamed or linked in the container before the exec, by the last writer
    that the capture saw; or the sensor itself reports a time of writing (``exe_written``). Fires on
    the bare condition: package installs, builds and programs that unpack themselves too. Fails when
    the file was written before the capture began or under another name of the same file.
    """
    execs = observed(capture, ["exec"], ["exe_written", "program"], where="succeeded")
    files = (
        written(capture)
        .sort(ORDER)
        .select("host", "container_id", "time", "path", "writer", was_written=True)
    )
    joined = asof(
        execs.sort(ORDER),
        files,
        on="time",
        by_left=["host", "container_id", "program"],
        by_right=["host", "container_id", "path"],
        allow_exact_matches=False,
    )
    new = joined.filter(pl.col("was_written").is_not_null() | pl.col("exe_written").is_not_null())
    writer = pl.col("writer").fill_null("a process that was not seen")
    return completed(new, pl.format("{} written by {}", pl.col("program").fill_null("?"), writer))


NEW_BINARY_EXECUTED = correlation("new_binary_executed", steps=(Step(("exec",), ("program",)),), find=find)
