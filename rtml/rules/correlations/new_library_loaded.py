"""A library that was written in this container is loaded by a program."""

from __future__ import annotations

import polars as pl

from rtml.captures.store import Capture
from rtml.rules.correlations.contract import Step, correlation
from rtml.rules.correlations.programs import LIBRARY
from rtml.rules.correlations.sequence import completed, followed, observed, written

__all__ = ["NEW_LIBRARY_LOADED", "find"]


def find(capture: Capture) -> pl.LazyFrame:
    """Shared libraries loaded that did not come with the image.

    Loaded means mapped as code (``mmap_exec``) or, as most sensors see it, opened for reading by
    another process than the writer, close-on-exec as the dynamic linker opens (an open whose flags
    are unknown counts). Fires on the bare condition: package installs and extensions that build
    themselves too. Fails when the library has no ``.so`` in its name or was written before the
    capture began.
    """
    files = written(capture).filter(pl.col("path").str.contains(LIBRARY))
    uses = observed(
        capture, ["mmap_exec", "open"], ["file", "flags", "kind", "opened_to_write", "outcome"]
    ).filter(pl.col("file").str.contains(LIBRARY))
    linker = pl.col("flags").str.contains("O_CLOEXEC").fill_null(True)
    opened = ~pl.col("opened_to_write") & linker
    loads = uses.filter(
        (pl.col("outcome") >= 0) & ((pl.col("kind").cast(pl.String) == "mmap_exec") | opened)
    ).rename({"file": "path"})
    loaded = followed(files, loads, ["host", "container_id", "path"], "7d", ["writer", "process_id"]).filter(
        pl.col("first_process_id").ne_missing(pl.col("process_id"))
    )
    writer = pl.col("first_writer").fill_null("?")
    return completed(loaded, pl.format("{} written by {}", "path", writer))


NEW_LIBRARY_LOADED = correlation(
    "new_library_loaded",
    steps=(
        Step(("create", "write", "open", "rename", "link"), ("target",)),
        Step(("mmap_exec", "open"), ("file",)),
    ),
    find=find,
)
