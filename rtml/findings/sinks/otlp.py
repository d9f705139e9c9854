"""OpenTelemetry logs as JSON over HTTP (OTLP 1.x): a record per finding, to any collector."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from rtml.findings.exports import Origin, Row
from rtml.findings.exports.contract import compact
from rtml.findings.exports.ecs import ecs
from rtml.findings.exports.rows import instant_ms
from rtml.findings.levels import level_name
from rtml.findings.sinks.contract import Deliver, Sink, Undelivered
from rtml.findings.sinks.http import Post
from rtml.version import VERSION

__all__ = ["OTLP", "SECRET", "request"]

SECRET = "RTML_OTLP_TOKEN"
"""Sent as ``Authorization: Bearer``; left out where it is not set."""

_NUMBERS = {"informational": 9, "low": 10, "medium": 13, "high": 17, "critical": 21}


def request(rows: Sequence[Row], origin: Origin) -> dict[str, Any]:
    """Return the body of an export: one resource, one scope, a record per finding."""
    scope = {"name": "rtml.findings", "version": VERSION}
    records = [_record(row, origin) for row in rows]
    resource = {"attributes": [_attribute("service.name", "rtml")]}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": scope, "logRecords": records}]}]}


def _record(row: Row, origin: Origin) -> dict[str, Any]:
    level = level_name(row["severity"])
    document = ecs(row, origin)
    return {
        "timeUnixNano": str(instant_ms(row["last_seen"]) * 1_000_000),
        "severityNumber": _NUMBERS[level],
        "severityText": level.upper(),
        "body": {"stringValue": document["message"]},
        "attributes": [_attribute(name, value) for name, value in _flat(document)],
    }


def _flat(value: dict[str, Any], before: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, inner in value.items():
        key = f"{before}{name}"
        found += _flat(inner, f"{key}.") if isinstance(inner, dict) else [(key, inner)]
    return found


def _attribute(name: str, value: Any) -> dict[str, Any]:
    return {"key": name, "value": _value(value)}


def _value(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [_value(inner) for inner in value]}}
    return {"stringValue": str(value)}


def _connect(target: str, origin: Origin) -> Deliver:
    token = os.environ.get(SECRET)
    post = Post(target, {"Authorization": f"Bearer {token}"} if token else {})

    def deliver(rows: Sequence[Row]) -> dict[int, str]:
        body = compact(request(rows, origin)).encode()
        answer = post(body, {"Content-Type": "application/json"}, "/v1/logs")
        rejected = (answer or {}).get("partialSuccess", {}).get("rejectedLogRecords", 0)
        if int(rejected or 0):  # a collector does not say which
            raise Undelivered(f"the collector rejected {rejected} of {len(rows)}")
        return {}

    return deliver


OTLP = Sink("otlp", "a collector, like http://localhost:4318", 100, _connect, (SECRET,), says=ecs)
