"""Objects in which stores, agents and exports put a record: where it is in each of them.

An object is told by the key under which the record stands *and* by a key that its maker writes beside it;
what is a sensor's own record is none, whatever its fields are called.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from rtml.reading.falco_kept import FALCO_KEYS, falco_alert
from rtml.reading.headed import is_record
from rtml.reading.wrapped_lists import LISTS, listed

__all__ = ["inside", "may_wrap"]

Parts = list[Any]
"""What a wrapper holds: texts, which are to be read, and values."""

_OWN = frozenset(
    "output_fields class_uid auditID eventName RuleID BaseRuntimeMetadata SYSCALL evt.num Operation mntns_id"
    " mountnsid workload process_exec process_exit process_kprobe process_tracepoint process_lsm".split()
)
"""Keys that only records of sensors have."""
_TEXTS: dict[str, frozenset[str]] = {
    key: frozenset(beside.split())
    for key, beside in {
        "_raw": "_time _indextime _cd _serial _bkt host source sourcetype index",
        "log": "stream date kubernetes attrs time timestamp @timestamp tag container_name container_id source"
        " docker logtag pod host hostname",
        "message": "@timestamp ecs agent ingestionTime source_type kubernetes gl2_message_id gl2_source_input"
        " ddsource ddtags service @version host hostname tag timestamp logger input level severity time _id",
        "MESSAGE": "__REALTIME_TIMESTAMP __CURSOR _HOSTNAME _PID SYSLOG_IDENTIFIER PRIORITY PROGRAM HOST",
        "line": "labels",
        "textPayload": "insertId logName",
        "full_message": "version host",
        "short_message": "version host",
        "full_log": "decoder manager location",
        "@message": "@timestamp @ptr @log @logStream",
        "LogEntry": "TimeGenerated Computer ContainerID LogEntrySource",
        "LogMessage": "TimeGenerated Computer ContainerId LogSource",
        "log_s": "TimeGenerated Category ResourceId",
        "RawData": "TimeGenerated Computer",
        "value": "topic partition offset",
        "payload": "topic partition offset",
        "data": "specversion",
        "event": "sourcetype",
        "msg": "syslogtag programname syslogfacility syslogseverity",
        "body": "timeUnixNano observedTimeUnixNano severityText severityNumber",
        "event.original": "@timestamp",
    }.items()
}
"""Under which key a wrapper has the line, and the keys of which one must be beside it."""
_ALONE = ("message", "@message", "_raw")
"""Keys that wrap a line also where exports left out all others."""
_OBJECTS: dict[str, frozenset[str]] = {
    key: frozenset(beside.split())
    for key, beside in {
        "_source": "_index _id",
        "jsonPayload": "insertId logName",
        "log_processed": "stream kubernetes date @timestamp",
        "json": "@timestamp",
        "message": "index",
        "value": "topic partition offset",
        "payload": "topic partition",
        "data": "specversion",
        "event": "sourcetype",
        "LogMessage": "TimeGenerated ContainerId",
        "properties": "category resourceId operationName",
        "attributes": "date _id",
        "content": "id",
        "result": "preview offset lastrow",
        "body": "timeUnixNano observedTimeUnixNano",
    }.items()
}
"""Under which key a wrapper has an object: the record, or another wrapper."""
_KEYS = re.compile(
    b'"(?:'
    + b"|".join(
        re.escape(key.encode()) for key in {*_TEXTS, *_OBJECTS, *LISTS, *FALCO_KEYS, "original", "audit"}
    )
    + b')"'
)
_NUMBER = re.compile(r"[0-9]{1,18}")
_DOMAIN = re.compile(r"^[^/]*(?=/)")
_ACTIONS = {"index", "create", "delete", "update"}


def inside(value: Any, any_text: bool = False) -> Parts | None:
    r"""Return what a wrapper holds; None for what is none.

    Parameters
    ----------
    value
        A value of JSON.
    any_text
        The log is text: the line need not be an object.

    Examples
    --------
    >>> inside({"_index": "falco", "_source": {"rule": "x"}})
    [{'rule': 'x'}]
    >>> inside({"date": 1.5, "log": '{"rule": "x"}\n'})
    ['{"rule": "x"}\n']
    >>> inside({"class_uid": 1007, "message": '{"rule": "x"}', "time": 5}), inside({"log": "text"})
    (None, None)
    """
    if not isinstance(value, dict) or not _OWN.isdisjoint(value):
        return None
    if _is_action(value):
        return []
    for look in _LOOKS:
        parts = look(value, any_text)
        if parts is not None:
            return parts
    return listed(value)


def may_wrap(head: bytes) -> bool:
    """Say whether bytes have a key under which wrappers hold things: without one they are none.

    Examples
    --------
    >>> may_wrap(b'{"_source": {}}'), may_wrap(b'{"rule": "x"}')
    (True, False)
    """
    return _KEYS.search(head) is not None


def _text(value: Mapping[str, Any], any_text: bool) -> Parts | None:
    for key in filter(value.__contains__, _TEXTS):  # in our order: some records have several
        line = value[key]
        if key == "MESSAGE":
            line = _of_journal(value)
        alone = len(value) == 1 and key in _ALONE
        if not isinstance(line, str) or (_TEXTS[key].isdisjoint(value) and not alone):
            continue
        if any_text or key == "log" or is_record(line):
            return [line]
    return None


def _object(value: Mapping[str, Any], _: bool) -> Parts | None:
    for key in filter(value.__contains__, _OBJECTS):
        part = value[key]
        if isinstance(part, dict) and not _OBJECTS[key].isdisjoint(value):
            return [_of_open_telemetry(part) if key == "body" else _with_time(key, part, value)]
    return None


def _original(value: Mapping[str, Any], any_text: bool) -> Parts | None:
    """Return the line that Elastic's pipelines keep; of a hit without its source, of its fields."""
    fields = value.get("fields")
    if isinstance(fields, dict) and "_index" in value:
        of_hit = {key: given[0] for key, given in fields.items() if isinstance(given, list) and given}
        return _text({"@timestamp": "", **of_hit}, any_text)
    event = value.get("event")
    line = event.get("original") if isinstance(event, dict) and "@timestamp" in value else None
    return [line] if isinstance(line, str) and (any_text or is_record(line)) else None


def _audit(value: Mapping[str, Any], _: bool) -> Parts | None:
    """Return an event of the Kubernetes audit log as Elastic's agent keeps it, domains with dots again."""
    kubernetes = value.get("kubernetes")
    event = kubernetes.get("audit") if isinstance(kubernetes, dict) else None
    if not isinstance(event, dict) or "auditID" not in event:
        return None
    notes = event.get("annotations")
    if not isinstance(notes, dict):
        return [event]
    named = {_DOMAIN.sub(lambda found: found[0].replace("_", "."), key): told for key, told in notes.items()}
    return [{**event, "annotations": named}]


_LOOKS: tuple[Callable[[Mapping[str, Any], bool], Parts | None], ...] = (
    *(_text, falco_alert, _object, _original, _audit),
)


def _of_journal(value: Mapping[str, Any]) -> Any:
    """Return the message of an entry; a record of the audit log as auditd writes it, with time and serial."""
    line = value["MESSAGE"]
    line = _of_bytes(line) if isinstance(line, list) else line
    known = [value.get(key) for key in ("_AUDIT_TYPE", "_SOURCE_REALTIME_TIMESTAMP", "_AUDIT_ID")]
    numbers = [text for text in known if isinstance(text, str) and _NUMBER.fullmatch(text)]
    if not isinstance(line, str) or len(numbers) < len(known):
        return line
    kind, at, serial = map(int, numbers)
    told = line.partition(" ")[2]
    return f"type={kind} msg=audit({at // 10**6}.{at % 10**6 // 1000:03}:{serial}): {told}"


def _of_bytes(codes: list[Any]) -> str | None:
    """Return the text that the journal spells in numbers, because a byte of it is no text."""
    if not all(type(code) is int and 0 <= code < 256 for code in codes):
        return None
    return bytes(codes).decode("utf-8", "surrogateescape")


def _with_time(key: str, part: dict[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    """Give a record back the time that Cloud Logging's agent took out of it."""
    if key == "jsonPayload" and "time" not in part and isinstance(value.get("timestamp"), str):
        return {**part, "time": value["timestamp"]}
    return part


def _of_open_telemetry(body: dict[str, Any]) -> Any:
    """Return what a value of OpenTelemetry means."""
    (kind, value), *more = body.items() if body else [("", None)]
    if more or kind not in (
        "stringValue",
        "kvlistValue",
        "arrayValue",
        "intValue",
        "doubleValue",
        "boolValue",
    ):
        return body
    if kind not in ("kvlistValue", "arrayValue"):
        return value
    given = value.get("values") if isinstance(value, dict) else None
    items = [item for item in given or [] if isinstance(item, dict)] if isinstance(given, list) else []
    if kind == "arrayValue":
        return [_of_open_telemetry(item) for item in items]
    pairs = [(item.get("key"), item.get("value")) for item in items]
    return {str(name): _of_open_telemetry(held) if isinstance(held, dict) else held for name, held in pairs}


def _is_action(value: Mapping[str, Any]) -> bool:
    """Tell the lines of a bulk request that say what is to be done with the next one."""
    if len(value) != 1:
        return False
    ((key, told),) = value.items()
    return key in _ACTIONS and isinstance(told, dict) and all(name[:1] == "_" for name in told)
