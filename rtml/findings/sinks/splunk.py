"""Splunk's HTTP event collector: objects one after the other, times in seconds, OCSF as the event.

HEC knows no ids: a batch whose answer was lost arrives twice, with the same ``metadata.uid``.
"""

from __future__ import annotations

from collections.abc import Sequence

from rtml.findings.exports import Origin, Row
from rtml.findings.exports.contract import compact
from rtml.findings.exports.ocsf import detection_finding
from rtml.findings.exports.rows import given, instant_ms
from rtml.findings.sinks.contract import Deliver, Sink, Undelivered, secret
from rtml.findings.sinks.http import Post

__all__ = ["SECRET", "SPLUNK"]

SECRET = "RTML_SPLUNK_TOKEN"


def _connect(target: str, origin: Origin) -> Deliver:
    post = Post(target, {"Authorization": f"Splunk {secret(SECRET)}"})

    def deliver(rows: Sequence[Row]) -> dict[int, str]:
        body = "\n".join(compact(_event(row, origin)) for row in rows).encode()
        answer = post(body, {"Content-Type": "application/json"}, "/services/collector/event")
        if isinstance(answer, dict) and answer.get("code", 0) != 0:
            raise Undelivered(f"Splunk answered code {answer['code']}")
        return {}

    return deliver


def _event(row: Row, origin: Origin) -> dict[str, object]:
    return given(
        time=instant_ms(row["last_seen"]) / 1000,
        host=row["host"],
        source="rtml",
        sourcetype="rtml:finding",
        event=detection_finding(row, origin),
    )


SPLUNK = Sink("splunk", "its address, like https://splunk:8088", 100, _connect, (SECRET,))
