"""A file is given the setuid bit in this container and then run by somebody who is not root."""

from __future__ import annotations

import polars as pl

from rtml.captures.store import Capture
from rtml.rules.correlations.contract import Step, correlation
from rtml.rules.correlations.sequence import completed, followed, observed

__all__ = ["SETUID_FILE_EXECUTED", "find"]

_SETUID = 0o4000


def find(capture: Capture) -> pl.LazyFrame:
    """Programs run by a user other than root that got their setuid bit inside the container.

    Needs no effective user, which few sensors report. Fails when the bit was set before the capture
    began, or the mode of a file was changed by descriptor.
    """
    marked = observed(capture, ["chmod"], ["file", "mode", "outcome", "program"]).filter(
        (pl.col("outcome") >= 0) & ((pl.col("mode") & _SETUID) != 0)
    )
    marked = marked.rename({"program": "by"}).rename({"file": "program"})
    execs = observed(capture, ["exec"], ["program", "uid"], where="succeeded")
    executed = followed(
        marked, execs.filter(pl.col("uid") > 0), ["host", "container_id", "program"], "7d", ["by"]
    )
    by = pl.col("first_by").fill_null("?")
    return completed(executed, pl.format("{} made setuid by {}", "program", by))


SETUID_FILE_EXECUTED = correlation(
    "setuid_file_executed",
    steps=(Step(("chmod",), ("mode", "file")), Step(("exec",), ("program", "uid"))),
    find=find,
)
