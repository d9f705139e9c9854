"""A global preload is written, and the next program in the container loads it."""

from __future__ import annotations

import polars as pl

from rtml.captures.store import Capture
from rtml.rules.correlations.contract import Step, correlation
from rtml.rules.correlations.sequence import completed, followed, observed, written

__all__ = ["PRELOAD_LOADED", "find"]

_CONTAINER = ["host", "container_id"]


def find(capture: Capture) -> pl.LazyFrame:
    """First program started within an hour after ``/etc/ld.so.preload`` was written, per writing.

    The dynamic linker reads that file at every start, so the next start is a load; ``LD_PRELOAD``
    set in the same command line as an exec counts when the library was written in the container.
    Fails for a static program, which loads nothing, and for ``LD_PRELOAD`` that was exported
    earlier: no sensor here reports the environment.
    """
    files = written(capture)
    preload = files.filter(pl.col("path") == "/etc/ld.so.preload")
    execs = observed(capture, ["exec"], ["cmdline"], where="succeeded")
    globally = followed(preload, execs, _CONTAINER, "1h", ["time", "writer"])
    first = globally.unique([*_CONTAINER, "first_time"], keep="first", maintain_order=True)
    named = execs.with_columns(path=pl.col("cmdline").str.extract(r"\bLD_PRELOAD=(/[^\s'\":]+)", 1))
    inline = followed(files, named, [*_CONTAINER, "path"], "7d", ["writer"])
    writer = pl.col("first_writer").fill_null("?")
    return pl.concat(
        [
            completed(first, pl.format("/etc/ld.so.preload written by {}", writer)),
            completed(inline, pl.format("{} written by {}", "path", writer)),
        ]
    )


PRELOAD_LOADED = correlation(
    "preload_loaded",
    steps=(Step(("create", "write", "open", "rename", "link"), ("target",)), Step(("exec",), ("cmdline",))),
    find=find,
)
