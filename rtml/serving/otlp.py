"""Logs of OpenTelemetry over HTTP (OTLP 1.x): the body of each record is a line of the sensor.

A collector's ``filelog`` receiver reads what a sensor prints and sends it so. What the collector knows
beside the body (attributes, resource) is not kept: the sensor's own record names the pod and the node.
"""

from __future__ import annotations

from typing import Any

import orjson

from rtml.serving.bodies import JSON, PROTOBUF
from rtml.serving.journal import Outcome
from rtml.serving.refusing import Refusal

__all__ = ["KINDS", "answered", "lines_of"]

KINDS = (JSON, PROTOBUF)
_DEEPEST = 32
_NUMBERS = {"intValue": int, "doubleValue": float}


def lines_of(body: bytes, kind: str) -> bytes:
    """Return the bodies of the records as lines, in their order.

    Raises
    ------
    Refusal
        400: not a request of OTLP logs.

    Examples
    --------
    >>> record = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[%s]}]}]}'
    >>> lines_of((record % '{"body":{"stringValue":"{}"}}').encode(), JSON)
    b'{}'
    >>> kept = '{"body":{"kvlistValue":{"values":[{"key":"a","value":{"intValue":"1"}}]}}}'
    >>> lines_of((record % kept).encode(), JSON)
    b'{"a":1}'
    """
    try:
        return b"\n".join(map(_line, _of_protobuf(body) if kind == PROTOBUF else _of_json(body)))
    except (AttributeError, TypeError, KeyError, ValueError, orjson.JSONEncodeError):
        raise Refusal(400, "the body is no request of OTLP logs; a record's body is text or keys") from None


def _of_json(body: bytes) -> list[Any]:
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, f"the body is no JSON: {error.msg} at {error.pos}") from None
    if not isinstance(request, dict):
        raise Refusal(400, "the body is no request of OTLP logs; it is an object with resourceLogs")
    return [
        record.get("body")
        for resource in request.get("resourceLogs", [])
        for scope in resource.get("scopeLogs", [])
        for record in scope.get("logRecords", [])
    ]


def _of_protobuf(body: bytes) -> list[Any]:
    """Return bodies as JSON would have them; texts, which nearly all are, without the way through JSON."""
    from google.protobuf.json_format import MessageToDict
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    try:
        message = ExportLogsServiceRequest.FromString(body)
        bodies = [
            record.body
            for resource in message.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]
        return [
            {"stringValue": one.string_value} if one.HasField("string_value") else MessageToDict(one)
            for one in bodies
        ]
    except (DecodeError, ValueError, RecursionError):
        raise Refusal(400, "the body is no request of OTLP logs (protobuf)") from None


def _line(body: Any) -> bytes:
    """Return one line: JSON has no line break that is not white space, so breaks become blanks."""
    text = body.get("stringValue") if isinstance(body, dict) else None
    if isinstance(text, str):
        return text.replace("\r", " ").replace("\n", " ").encode("utf-8", "surrogatepass")
    return orjson.dumps(_value(body, 0))


def _value(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    if not value:
        return None
    ((kind, inside),) = value.items()
    if kind == "kvlistValue":
        return {pair["key"]: _value(pair.get("value"), depth + 1) for pair in inside.get("values", [])}
    if kind == "arrayValue":
        return [_value(one, depth + 1) for one in inside.get("values", [])]
    return _NUMBERS[kind](inside) if kind in _NUMBERS else inside


def answered(outcome: Outcome, kind: str) -> bytes:
    """Return the answer of OTLP to a batch that was taken: how many records were refused, and why."""
    told = outcome.told()
    if kind == PROTOBUF:
        from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as service

        if not outcome.rejected:
            return bytes(service.ExportLogsServiceResponse().SerializeToString())
        partial = service.ExportLogsPartialSuccess(rejected_log_records=outcome.rejected, error_message=told)
        return bytes(service.ExportLogsServiceResponse(partial_success=partial).SerializeToString())
    partly = {"rejectedLogRecords": str(outcome.rejected), "errorMessage": told}
    return orjson.dumps({"partialSuccess": partly} if outcome.rejected else {})
