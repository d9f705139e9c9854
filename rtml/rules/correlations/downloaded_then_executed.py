"""A file is written by a download tool and then executed or given to an interpreter."""

from __future__ import annotations

import polars as pl

from rtml.captures.store import Capture
from rtml.rules.correlations.contract import Step, correlation
from rtml.rules.correlations.programs import basename, named
from rtml.rules.correlations.sequence import completed, followed, observed, written

__all__ = ["DOWNLOADED_THEN_EXECUTED", "DOWNLOADERS", "find"]

DOWNLOADERS = (
    "curl",
    "wget",
    "wget2",
    "aria2c",
    "axel",
    "fetch",
    "lwp-download",
    "GET",
    "ftp",
    "lftp",
    "tftp",
    "scp",
    "sftp",
    "nc",
    "ncat",
    "netcat",
    "socat",
    "busybox",
    "rclone",
    "gsutil",
)
"""Tools that bring files from elsewhere."""

_WITHIN = "10m"
_SCRIPT = (
    r"^(?:\S*/)?(?:(?:ba|da|z|k|a)?sh|python[\d.]*|perl|ruby|node|php[\d.]*)"
    r"(?:\s+-[a-zA-Z]+)*\s+([^\s-]\S*)"
)
_CONTAINER = ["host", "container_id"]


def find(capture: Capture) -> pl.LazyFrame:
    """Find downloads that run within ten minutes, in the container that they were written in.

    Run means executed under the path that was written, or named as the first argument of an
    interpreter; a relative name is compared by its last part. Renamed and copied downloads are not
    followed (`new_binary_executed` sees those). Fires on install scripts that people run by hand.
    """
    files = written(capture).filter(named(pl.col("writer"), DOWNLOADERS))
    files = files.with_columns(file=basename(pl.col("path"))).collect().lazy()
    execs = observed(capture, ["exec"], ["cmdline", "program"], where="succeeded")
    script = execs.with_columns(ran=pl.col("cmdline").str.extract(_SCRIPT, 1))
    parts = []
    for rows in (execs.with_columns(ran="program"), script):
        absolute = rows.with_columns(path=pl.when(pl.col("ran").str.starts_with("/")).then("ran"))
        relative = rows.with_columns(
            file=pl.when(~pl.col("ran").str.starts_with("/")).then(basename(pl.col("ran")))
        )
        parts += [
            followed(files, absolute, [*_CONTAINER, "path"], _WITHIN, ["path", "writer"]),
            followed(files, relative, [*_CONTAINER, "file"], _WITHIN, ["path", "writer"]),
        ]
    entry = pl.format("{} fetched by {}", "first_path", "first_writer")
    return pl.concat([completed(part, entry) for part in parts])


DOWNLOADED_THEN_EXECUTED = correlation(
    "downloaded_then_executed",
    steps=(
        Step(("create", "write", "open", "rename", "link"), ("target", "program")),
        Step(("exec",), ("program",)),
    ),
    find=find,
)
