"""EventBridge by ``PutEvents``: GuardDuty's JSON with source ``rtml``, ten at once.

A bus knows no ids: an event whose answer was lost comes twice, with the same ``detail.id``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rtml.errors import UsageError
from rtml.findings.exports import Origin, Row
from rtml.findings.exports.contract import compact
from rtml.findings.exports.eventbridge import envelope
from rtml.findings.sinks.aws import client, region_of
from rtml.findings.sinks.contract import Deliver, Sink, Undelivered

__all__ = ["EVENTBRIDGE"]


def _connect(target: str, origin: Origin) -> Deliver:
    bus, at, named = target.partition("@")
    if not bus:
        raise UsageError("a bus is named like eventbridge=default@eu-west-1", argument="to")
    region = region_of(named if at else origin.region)
    events, here = client("events", region), replace(origin, region=region)

    def deliver(rows: Sequence[Row]) -> dict[int, str]:
        told = [envelope(row, here) for row in rows]
        entries = [
            {
                "Source": event["source"],
                "DetailType": event["detail-type"],
                "Detail": compact(event["detail"]),
                "Time": row["last_seen"],
                "EventBusName": bus,
            }
            for event, row in zip(told, rows, strict=True)
        ]
        try:
            answer = events.put_events(Entries=entries)
        except Exception as error:  # botocore makes its classes of errors as it goes
            raise Undelivered(f"EventBridge: {type(error).__name__}") from error
        codes = enumerate(entry.get("ErrorCode") for entry in answer["Entries"])
        return {number: f"EventBridge: {code}" for number, code in codes if code}

    return deliver


EVENTBRIDGE = Sink("eventbridge", "BUS@REGION", 10, _connect)
