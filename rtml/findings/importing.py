"""Bring your own engine: alerts of Falco, Tetragon and Tracee as findings.

JSON lines, or one JSON value over many lines. Falco: ``rule, priority, time, tags, output_fields``.
Tetragon: events whose ``policy_name`` says which tracing policy they hit; plain ``process_exec``
and the like are events, not alerts. Tracee: ``eventName`` with ``metadata.Properties`` (Severity,
Category, external_id), or ``name`` with ``threat``; events without either are not alerts.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from rtml.errors import lookup
from rtml.findings.attack import techniques_of
from rtml.findings.levels import LEVELS, WEIGHTS, level_of
from rtml.findings.rule_types import finding_type_of
from rtml.findings.unit import CONTRIBUTIONS, EVIDENCE, aggregate, slot_of
from rtml.progress import steps
from rtml.reading.documents import documents
from rtml.schema import IDENTITY, REJECTS, conform, empty

__all__ = ["FORMATS", "Alerts", "read_alerts"]

Row = dict[str, Any]


class Reject(Exception):
    """The line is no alert of this format; the text says why."""


@dataclass(frozen=True)
class Alerts:
    """Findings, the number of alerts that they came of, and what is no alert.

    ``rejected`` counts by reason, ``rejects`` (`rtml.schema.REJECTS`) has every
    one of them with its file and line.
    """

    findings: pl.DataFrame
    alerts: int
    rejected: dict[str, int]
    rejects: pl.DataFrame


def read_alerts(paths: str | Path | Sequence[str | Path], sensor: str) -> Alerts:
    """Read files of alerts, one engine's.

    Parameters
    ----------
    paths
        JSON lines, or JSON values over several lines each; also gzip and zstd, and logs with the
        prefix of a container runtime. One file or more: an alert in two of them counts twice.
    sensor
        ``falco``, ``tetragon`` or ``tracee``.

    Returns
    -------
    Findings (`rtml.schema.FINDINGS`), source ``rule``, detector the sensor; one per finding type,
    container and 5 minutes over all files. Alerts of the host have no container and are rejected,
    as are lines that do not parse or name no rule or time, and the end of a file that is cut off.

    Raises
    ------
    RtmlError
        A file cannot be read or the format is unknown.
    """
    reader = lookup(FORMATS, sensor, "alert format")
    rows: list[Row] = []
    refused: list[tuple[str, int, str, str]] = []
    for path in steps([paths] if isinstance(paths, str | Path) else paths, "reading", "files"):
        for line, value, problem, raw in documents(Path(path)):
            try:
                rows.append(_checked(reader(_mapping(value, problem))))
            except Reject as reason:
                refused.append((str(path), line, str(reason), raw[:800].decode("utf-8", "replace")[:200]))
    counts = Counter(reason for _, _, reason, _ in refused)
    rejects = pl.DataFrame(refused, schema=REJECTS, orient="row")
    return Alerts(_findings(rows, sensor), len(rows), dict(sorted(counts.items())), rejects)


def _mapping(value: Any, problem: str | None) -> Mapping[str, Any]:
    if problem is not None:
        raise Reject(problem)
    if not isinstance(value, dict):
        raise Reject("not a JSON object")
    return value


def _sub(value: Any, *names: str) -> Mapping[str, Any]:
    """Follow names into nested objects; an empty one where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _time(value: Any) -> dt.datetime:
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return dt.datetime.fromtimestamp(value / 1e9, dt.UTC)
        found = dt.datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", str(value)))
    except (ValueError, OverflowError, OSError):
        raise Reject("no time that can be read") from None
    return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)


def _checked(row: Row) -> Row:
    if not row["rule"]:
        raise Reject("names no rule")
    if not row["container_id"] or row["container_id"] == "host":
        raise Reject("of the host, not of a container")
    return row


def _row(rule: Any, time: Any, level: str, tags: list[str], **identity: Any) -> Row:
    techniques = sorted(set(techniques_of(tags)))
    kind = finding_type_of((tag.removeprefix("mitre_") for tag in tags), "ImportedAlert")
    known = {name: _text(identity.get(name)) for name in IDENTITY}
    return {
        "rule": _text(rule),
        "time": _time(time),
        "level": level,
        "techniques": techniques,
        "type": kind,
        **known,
    }


def _falco(alert: Mapping[str, Any]) -> Row:
    fields = _sub(alert, "output_fields")
    tags = alert.get("tags")
    image, tag = fields.get("container.image.repository"), fields.get("container.image.tag")
    return _row(
        alert.get("rule"),
        alert.get("time"),
        level_of(str(alert.get("priority", ""))),
        [str(one) for one in tags] if isinstance(tags, list) else [],
        host=alert.get("hostname"),
        container_id=fields.get("container.id"),
        container_name=fields.get("container.name"),
        pod=fields.get("k8s.pod.name"),
        namespace=fields.get("k8s.ns.name"),
        image=f"{image}:{tag}" if image and tag else image,
    )


def _tetragon(alert: Mapping[str, Any]) -> Row:
    name = next((n for n in alert if n.startswith("process_")), None)
    hit = _sub(alert, name) if name else {}
    if not _text(hit.get("policy_name")):
        raise Reject("an event, not a hit of a named policy" if name else "no event of Tetragon")
    tags = hit.get("tags")
    pod = _sub(hit, "process", "pod")
    container = _sub(pod, "container")
    return _row(
        hit["policy_name"],
        alert.get("time"),
        "medium",
        [str(one) for one in tags] if isinstance(tags, list) else [],
        host=alert.get("node_name"),
        pod=pod.get("name"),
        namespace=pod.get("namespace"),
        workload=pod.get("workload"),
        container_name=container.get("name"),
        container_id=str(container.get("id", "")).rpartition("://")[2],
        image=_sub(container, "image").get("name"),
    )


def _tracee(alert: Mapping[str, Any]) -> Row:
    threat, old = _sub(alert, "threat"), _sub(alert, "metadata", "Properties")
    if not threat and "Severity" not in old:
        raise Reject("an event without a threat")
    work = _sub(alert, "workload") or alert
    container, pod = _sub(work, "container"), _sub(work, "pod") or _sub(work, "kubernetes")
    mitre = _sub(threat, "mitre")
    technique = _sub(mitre, "technique").get("id") or old.get("external_id")
    tactic = _sub(mitre, "tactic").get("name") or old.get("Category")
    severity = str(threat.get("severity", old.get("Severity"))).lower()
    image = container.get("image")
    return _row(
        alert.get("eventName") or alert.get("name"),
        alert.get("timestamp"),
        level_of(severity),
        [str(technique), str(tactic).lower().replace(" ", "-")],
        host=alert.get("hostName"),
        container_id=container.get("id") or alert.get("containerId"),
        container_name=container.get("name"),
        pod=pod.get("podName") or pod.get("name"),
        namespace=pod.get("podNamespace") or _sub(pod, "namespace").get("name"),
        image=image.get("name") if isinstance(image, dict) else image,
    )


FORMATS: dict[str, Callable[[Mapping[str, Any]], Row]] = {
    "falco": _falco,
    "tetragon": _tetragon,
    "tracee": _tracee,
}
"""Readers of one alert by the engine that wrote it."""


def _findings(rows: list[Row], sensor: str) -> pl.DataFrame:
    if not rows:
        return aggregate(empty(EVIDENCE), empty(CONTRIBUTIONS), "rule", sensor)
    schema: dict[str, Any] = {"rule": pl.String, "level": pl.String, **EVIDENCE}
    columns = {name: [row.get(name) for row in rows] for name in schema}
    columns["seq"] = [None] * len(rows)
    frame = (
        pl.DataFrame(columns, schema=schema)
        .with_columns(
            slot_of(),
            title="rule",
            count=pl.lit(1, pl.Int64),
            until="time",
            severity=pl.col("level").replace_strict(LEVELS, return_dtype=pl.Float64),
            weight=pl.col("level").replace_strict(WEIGHTS, return_dtype=pl.Float64),
        )
        .with_columns(score="weight")
    )
    reasons = frame.group_by("container_id", "process_id", "slot", "type", feature="rule").agg(
        value=pl.len().cast(pl.Float64)
    )
    return aggregate(frame, conform(reasons, CONTRIBUTIONS), source="rule", detector=sensor)
