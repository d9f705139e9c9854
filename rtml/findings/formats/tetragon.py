"""Hits of Tetragon: events whose ``policy_name`` says which tracing policy they hit.

Plain ``process_exec`` and the like are events, not alerts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rtml.findings.formats.contract import Alert, Format, Reject, alert, nested, text

__all__ = ["TETRAGON", "tetragon"]


def tetragon(record: Mapping[str, Any]) -> Alert:
    """Read one event of Tetragon that a named policy caught."""
    name = next((n for n in record if n.startswith("process_")), None)
    hit = nested(record, name) if name else {}
    if not text(hit.get("policy_name")):
        raise Reject("an event, not a hit of a named policy" if name else "no event of Tetragon")
    tags = hit.get("tags")
    pod = nested(hit, "process", "pod")
    container = nested(pod, "container")
    process = nested(hit, "process")
    command = [name for name in (text(process.get("binary")), text(process.get("arguments"))) if name]
    return alert(
        hit["policy_name"],
        record.get("time"),
        "medium",
        [str(tag) for tag in tags] if isinstance(tags, list) else [],
        host=record.get("node_name"),
        pod=pod.get("name"),
        namespace=pod.get("namespace"),
        workload=pod.get("workload"),
        container_name=container.get("name"),
        container_id=text(container.get("id")) or process.get("docker"),
        image=nested(container, "image").get("name"),
        count=nested(record, "aggregation_info").get("count"),
        output=hit.get("message"),
        pid=process.get("pid"),
        user=process.get("uid"),
        exe=process.get("binary"),
        cmdline=" ".join(command),
        cwd=process.get("cwd"),
        request=hit.get("function_name"),
    )


TETRAGON = Format("tetragon", tetragon, writers=("tetragon",))
