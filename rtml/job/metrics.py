"""What a run measured, in Prometheus' text format, for the textfile collector of its node exporter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rtml.reading.whole import write_text

__all__ = ["METRICS", "exposition", "values_of", "write_metrics"]

METRICS = {
    "success": "1 when the last run ended well, 0 when it failed",
    "exit_code": "exit code of the last run",
    "last_run_timestamp_seconds": "when the last run ended",
    "duration_seconds": "how long the last run took",
    "new_captures": "captures that were new or changed in the last run",
    "scored_days": "days that the last run scored",
    "scored_events": "events that the last run read",
    "shard_seconds_max": "how long the longest shard of the last run took",
    "shard_seconds_sum": "how long all shards of the last run took together",
    "shards": "shards that the last run read",
    "events": "events of all captures taken so far",
    "rejects": "rejected records of all captures taken so far",
    "lost": "events that sensors lost in all captures taken so far",
    "windows": "windows judged so far",
    "findings": "findings so far",
    "archived": "findings that suppression rules archived",
    "aside": "captures, files and days that are set aside",
    "lag_seconds": "age of the newest event when the last run ended",
}
"""Gauges by their names, each after ``rtml_job_``."""


def exposition(values: Mapping[str, float | None]) -> str:
    """Return gauges as text; what is not known is left out.

    Examples
    --------
    >>> print(exposition({"success": 1}), end="")
    # HELP rtml_job_success 1 when the last run ended well, 0 when it failed
    # TYPE rtml_job_success gauge
    rtml_job_success 1
    """
    return "".join(_gauge(name, values[name]) for name in METRICS if values.get(name) is not None)


def _gauge(name: str, value: float | None) -> str:
    full = f"rtml_job_{name}"
    return f"# HELP {full} {METRICS[name]}\n# TYPE {full} gauge\n{full} {value}\n"


def write_metrics(path: Path, values: Mapping[str, float | None]) -> None:
    """Write the file, whole or not at all: a collector may read it at any time."""
    write_text(path, exposition(values))


def values_of(
    result: Mapping[str, Any], shards: Iterable[float], now: dt.datetime
) -> dict[str, float | None]:
    """Return what a result and its shards say."""
    seconds = list(shards)
    newest = result.get("newest")
    lag = None if newest is None else (now - dt.datetime.fromisoformat(newest)).total_seconds()
    names = ("events", "lost", "windows", "findings", "archived")
    counts = {name: result.get(name) for name in names}
    return {
        **counts,
        "rejects": result.get("rejected"),
        "aside": len(result.get("aside", [])),
        "lag_seconds": lag,
        "shards": len(seconds),
        "shard_seconds_max": max(seconds, default=None),
        "shard_seconds_sum": sum(seconds),
        "last_run_timestamp_seconds": now.timestamp(),
    }
