"""Bring your own engine: alerts of Falco, Tetragon, Tracee and others as findings.

JSON lines, or one JSON value over many lines; `rtml.findings.formats` says what an alert is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from rtml.container_ids import merged, renamed
from rtml.errors import lookup
from rtml.findings.context import from_events
from rtml.findings.formats import FORMATS, Alert, Lost, Reject
from rtml.findings.levels import LEVELS, WEIGHTS
from rtml.findings.redaction import redacted
from rtml.findings.unit import CONTRIBUTIONS, EVIDENCE, aggregate, slot_of
from rtml.progress import steps
from rtml.reading.envelopes import Inside, records
from rtml.schema import REJECTS, conform, empty

__all__ = ["Alerts", "read_alerts"]


@dataclass(frozen=True)
class Alerts:
    """Findings, the number of alerts that they came of, and what is no alert.

    ``rejected`` counts by reason, ``rejects`` (`rtml.schema.REJECTS`) has every one of them with its
    file and line. ``lost`` counts events that the engine itself says it lost.
    """

    findings: pl.DataFrame
    alerts: int
    rejected: dict[str, int]
    rejects: pl.DataFrame
    lost: int = 0


def read_alerts(paths: str | Path | Sequence[str | Path], sensor: str) -> Alerts:
    """Read files of alerts, one engine's.

    Parameters
    ----------
    paths
        JSON lines, or JSON values over several lines each; also gzip and zstd, and logs with the
        prefix of a container runtime. One file or more: an alert in two of them counts twice.
    sensor
        A name of `rtml.findings.formats.FORMATS`.

    Returns
    -------
    Findings (`rtml.schema.FINDINGS`), source ``rule``, detector the sensor; one per finding type,
    container and 5 minutes over all files, with the number of its alerts and what the first of them say
    (``output``, command line, user, destination; secrets hidden). Alerts of the host have no
    container and are rejected, as are alerts that name none, lines that do not parse or name no rule
    or plausible time, and the end of a file that is cut off.

    Raises
    ------
    RtmlError
        A file cannot be read or the format is unknown.
    """
    reader = lookup(FORMATS, sensor, "alert format")
    rows: list[Alert] = []
    refused: list[tuple[str, int, str, str]] = []
    lost = 0
    for path in steps([paths] if isinstance(paths, str | Path) else paths, "reading", "files"):
        for line, value, problem, raw, *_ in records(Path(path), Inside(reader.writers)):
            try:
                rows.append(_checked(reader.read(_mapping(value, problem))))
            except Reject as reason:
                lost += reason.events if isinstance(reason, Lost) else 0
                refused.append((str(path), line, str(reason), raw[:800].decode("utf-8", "replace")[:200]))
    counts = Counter(reason for _, _, reason, _ in refused)
    rejects = pl.DataFrame(refused, schema=REJECTS, orient="row")
    return Alerts(_findings(rows, sensor), len(rows), dict(sorted(counts.items())), rejects, lost)


def _mapping(value: Any, problem: str | None) -> Mapping[str, Any]:
    if problem is not None:
        raise Reject(problem)
    if not isinstance(value, dict):
        raise Reject("not a JSON object")
    return value


def _checked(row: Alert) -> Alert:
    if not row["rule"]:
        raise Reject("names no rule")
    if not row["container_id"]:
        raise Reject("names no container")
    if row["container_id"] == "host":
        raise Reject("of the host, not of a container")
    return row


def _findings(rows: list[Alert], sensor: str) -> pl.DataFrame:
    if not rows:
        return aggregate(empty(EVIDENCE), empty(CONTRIBUTIONS), "rule", sensor)
    schema: dict[str, Any] = {"rule": pl.String, "level": pl.String, **EVIDENCE}
    columns = {name: [row.get(name) for row in rows] for name in schema}
    columns["seq"] = [None] * len(rows)
    ids = merged(str(row["container_id"]) for row in rows).ids
    frame = (
        renamed(pl.DataFrame(columns, schema=schema), ids)
        .with_columns(
            slot_of(),
            title="rule",
            until="time",
            severity=pl.col("level").replace_strict(LEVELS, return_dtype=pl.Float64),
            weight=pl.col("level").replace_strict(WEIGHTS, return_dtype=pl.Float64),
        )
        .with_columns(score="weight")
    )
    reasons = frame.group_by("container_id", "process_id", "slot", "type", feature="rule").agg(
        value=pl.col("count").sum().cast(pl.Float64)
    )
    hidden = [redacted(pl.field(name)) for name in ("cmdline", "output", "request")]
    shown = frame.with_columns(pl.col("event").struct.with_fields(hidden))
    return from_events(aggregate(shown, conform(reasons, CONTRIBUTIONS), source="rule", detector=sensor))
