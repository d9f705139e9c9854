"""Where a program came from: with the image, written inside this container, or from memory."""

from __future__ import annotations

import polars as pl

from rtml.asof import asof

__all__ = ["WRITTEN", "with_provenance", "writes_of"]

_MEMORY = r"^/?memfd:|^/dev/fd/|^/proc/(self|thread-self|\d+)/fd/| \(deleted\)$"


WRITTEN = pl.Schema({"container_id": pl.String(), "_path": pl.String(), "_written": pl.Datetime("ns", "UTC")})
"""Paths that something in a container wrote, and when."""


def with_provenance(events: pl.DataFrame, earlier: pl.DataFrame | None = None) -> pl.DataFrame:
    """Fill ``exe_written`` and ``exe_memory`` of exec events where the sensor left them null.

    ``exe_written`` is the last time before the exec at which a successful write, rename, link or
    creation in the same container touched the path of the program; null: it came with the image
    (or was written before the capture began: the limit of this feature). ``exe_memory`` is true
    for memfd, ``/proc/self/fd`` and deleted programs. ``earlier`` (`WRITTEN`) are writes before these events.

    Examples
    --------
    >>> import datetime as dt
    >>> from rtml.schema import conform
    >>> rows = conform(pl.DataFrame({
    ...     "time": [dt.datetime(2026, 1, 1, 0, s) for s in range(3)], "container_id": "c",
    ...     "kind": ["open", "exec", "exec"], "path": ["/tmp/x", None, None],
    ...     "exe": [None, "/tmp/x", "/bin/ls"], "wrote": [True, None, None],
    ... }).with_columns(pl.col("time").dt.replace_time_zone("UTC")))
    >>> with_provenance(rows)["exe_written"].is_null().to_list()
    [True, False, True]
    """
    kind = pl.col("kind").cast(pl.String)
    rows = events.with_row_index("_row").with_columns(_exe=pl.col("exe").cast(pl.String))
    container = pl.col("container_id").cast(pl.String)
    execs = rows.filter(kind == "exec").select("_row", container, "time", "_exe").sort("time")
    writes = writes_of(events) if earlier is None else pl.concat([earlier, writes_of(events)])
    written = asof(
        execs,
        writes.with_columns(time="_written").sort("time"),
        on="time",
        by_left=["container_id", "_exe"],
        by_right=["container_id", "_path"],
        allow_exact_matches=False,
    )
    origins = written.select("_row", "_written", _memory=pl.col("_exe").str.contains(_MEMORY))
    return (
        rows.join(origins, on="_row", how="left", maintain_order="left")
        .with_columns(
            exe_written=pl.coalesce("exe_written", "_written"),
            exe_memory=pl.coalesce("exe_memory", "_memory"),
        )
        .drop("_row", "_exe", "_written", "_memory")
    )


def writes_of(events: pl.DataFrame) -> pl.DataFrame:
    """Return every path that something in a container wrote, and when (`WRITTEN`), in the order of time."""
    kind = pl.col("kind").cast(pl.String)
    done = pl.col("result").fill_null(0) >= 0
    wrote = pl.col("wrote").fill_null(False) | kind.is_in(["create", "write"])
    into = events.filter(done & wrote).select("container_id", _path="path", _written="time")
    moved = events.filter(done & kind.is_in(["rename", "link"])).select(
        "container_id", _path="path_to", _written="time"
    )
    return pl.concat([into, moved]).drop_nulls(["_path"]).cast(WRITTEN).sort("_written")
