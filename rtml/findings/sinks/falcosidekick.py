"""Falcosidekick: one POST per finding reaches about 70 outputs (chat, pagers, queues, stores).

``output_fields`` is never empty: falcosidekick drops events without.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from rtml.findings.exports import Origin, Row
from rtml.findings.exports.contract import compact
from rtml.findings.exports.rows import given, zulu
from rtml.findings.levels import level_name
from rtml.findings.reasons import in_short
from rtml.findings.sinks.contract import Deliver, Sink
from rtml.findings.sinks.http import Post

__all__ = ["FALCOSIDEKICK", "event"]

_RTML = uuid.UUID("2f3c5a0e-5d38-5f0e-8f3b-6a7b1c2d3e4f")
_PRIORITIES = {
    "informational": "Informational",
    "low": "Notice",
    "medium": "Warning",
    "high": "Error",
    "critical": "Critical",
}


def event(row: Row) -> dict[str, Any]:
    """Return one finding as an event of Falco."""
    sample = "[SAMPLE] " if row["sample"] else ""
    return {
        "uuid": str(uuid.uuid5(_RTML, row["finding_id"])),
        "output": f"{sample}{row['title']} | {in_short(row)} | {row['advice'].check}",
        "priority": _PRIORITIES[level_name(row["severity"])],
        "rule": f"anomaly: {row['type']}" if row["model"] else row["type"],
        "time": zulu(row["last_seen"]),
        "source": "rtml",
        "tags": [*row["techniques"], "anomaly" if row["model"] else "rule", *(["sample"] if sample else [])],
        "hostname": row["host"] or "",
        "output_fields": _fields(row),
    }


def _fields(row: Row) -> dict[str, Any]:
    known = {
        "rtml.finding_id": row["finding_id"],
        "rtml.type": row["type"],
        "rtml.detector": row["detector"],
        "rtml.severity": row["severity"],
        "rtml.count": row["count"],
        "rtml.p_value": row["p_value"],
        "rtml.budget": row["budget"],
        "rtml.contain": row["advice"].contain,
        "rtml.silence": row["advice"].silence,
        "container.id": row["container_id"],
        "container.name": row["container_name"],
        "container.image.repository": row["repository"],
        "k8s.ns.name": row["namespace"],
        "k8s.pod.name": row["pod"],
        "proc.cmdline": row["cmdline"],
        "proc.exepath": row["exe"],
        "proc.pid": row["pid"],
        "user.name": row["user"] or row["actor"],
        "fd.name": row["destinations"][0] if row["destinations"] else None,
    }
    return given(**known)


def _connect(target: str, origin: Origin) -> Deliver:
    post = Post(target)

    def deliver(rows: Sequence[Row]) -> dict[int, str]:
        for row in rows:
            post(compact(event(row)).encode(), {"Content-Type": "application/json"})
        return {}

    return deliver


FALCOSIDEKICK = Sink("falcosidekick", "its address, like http://localhost:2801/", 1, _connect)
