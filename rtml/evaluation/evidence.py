"""The processes behind the events that findings name as evidence."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from rtml.times import UTC_NS

__all__ = ["evidence_processes"]


def evidence_processes(findings: Iterable[pl.DataFrame], events: pl.LazyFrame | pl.DataFrame) -> pl.DataFrame:
    """Return ``host, seq, process_id, time, container_id`` of every event that a finding names, each once.

    Parameters
    ----------
    findings
        `FINDINGS` frames of all sides.
    events
        The capture's events; read lazily, five columns, and only the named rows are kept.

    Returns
    -------
    Sorted by host and seq; what `rtml.evaluation.track.make_track` takes as ``event_processes``.
    Evidence that the capture does not hold is absent: such a finding then knows its root only.

    Examples
    --------
    >>> from rtml.schema import FINDINGS, conform
    >>> at = pl.Series([0, 1]).cast(UTC_NS)
    >>> events = pl.DataFrame({"host": "h", "seq": [1, 2], "process_id": [10, 20], "time": at})
    >>> finding = conform(pl.DataFrame({"evidence": [[{"host": "h", "seq": 2}]]}), FINDINGS)
    >>> evidence_processes([finding, finding], events).select("seq", "process_id").rows()
    [(2, 20)]
    """
    key = ["host", "seq"]
    schema = {"host": pl.String(), "seq": pl.Int64()}
    evidence = [
        frame.select("evidence").explode("evidence", empty_as_null=False).drop_nulls() for frame in findings
    ]
    wanted = pl.concat(
        [pl.DataFrame(schema=schema), *(frame.unnest("evidence").select(key) for frame in evidence)]
    ).unique()
    lazy = events.lazy()
    contained = "container_id" in lazy.collect_schema().names()
    container = pl.col("container_id").cast(pl.String) if contained else pl.lit(None, pl.String)
    processes = lazy.select(
        pl.col("host").cast(pl.String),
        "seq",
        "process_id",
        pl.col("time").cast(UTC_NS),
        container.alias("container_id"),
    )
    rows = processes.join(wanted.lazy(), on=key, how="semi").collect()
    return rows.sort(*key, "time").unique(key, keep="first", maintain_order=True)
