"""Answers and exports that hold many records in one object: what each record of them is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rtml.reading.headed import is_record

__all__ = ["LISTS", "listed"]

Parts = list[Any]


_CLOUDWATCH = {"message", "timestamp", "ingestionTime", "eventId", "id", "logStreamName"}


def listed(value: Mapping[str, Any]) -> Parts | None:
    """Return the records, or their wrappers, in an object that holds many; None for what holds none.

    Examples
    --------
    >>> listed({"hits": {"total": 1, "hits": [{"_index": "i", "_source": {}}]}})
    [{'_index': 'i', '_source': {}}]
    >>> listed({"stream": {"app": "falco"}, "values": [["1798761600000000000", "{}"]]})
    [{'labels': {'app': 'falco'}, 'line': '{}'}]
    >>> listed({"values": [1]})
    """
    for key in filter(value.__contains__, LISTS):
        parts = LISTS[key](value)
        if parts is not None:
            return parts
    return None


def _objects(held: Any) -> Parts | None:
    """Return the items of a list of objects, be one of them something else."""
    return held if isinstance(held, list) and any(isinstance(item, dict) for item in held) else None


def _messages(key: str) -> Callable[[Mapping[str, Any]], Parts | None]:
    """CloudWatch's events by their messages; else, where nothing else is there, objects."""

    def read(value: Mapping[str, Any]) -> Parts | None:
        events = value[key]
        if not isinstance(events, list) or not events:
            return None
        texts = [event.get("message") if isinstance(event, dict) else None for event in events]
        told = {name for event in events if isinstance(event, dict) for name in event}
        if all(isinstance(text, str) for text in texts) and (len(value) > 1 or told <= _CLOUDWATCH):
            return texts
        return _objects(events) if [*value] == ["events"] else None

    return read


def _hits(value: Mapping[str, Any]) -> Parts | None:
    hits = value["hits"]
    held = hits.get("hits") if isinstance(hits, dict) else hits
    found = _objects(held)
    wrapped = found is not None and any(
        isinstance(x, dict) and "_index" in x or "_source" in x for x in found
    )
    return found if wrapped or held == [] else None


def _results(value: Mapping[str, Any]) -> Parts | None:
    """Splunk's results with their raw text, and those of CloudWatch Logs Insights."""
    held = value["results"]
    if not isinstance(held, list) or not held:
        return None
    if all(isinstance(row, list) for row in held):
        return [_named(row, "field", "value") for row in held]
    return held if all(isinstance(row, dict) and "_raw" in row for row in held) else None


def _named(row: list[Any], name: str, value: str) -> dict[str, Any]:
    return {str(cell.get(name)): cell.get(value) for cell in row if isinstance(cell, dict)}


def _streams(held: Any) -> Parts | None:
    """Loki's streams: an object a line, with the labels of its stream."""
    if not isinstance(held, list) or not all(isinstance(one, dict) and "values" in one for one in held):
        return None
    return [part for one in held for part in _stream(one) or [one]]


def _stream(value: Mapping[str, Any]) -> Parts | None:
    labels, values = value.get("stream"), value.get("values")
    if not isinstance(labels, dict) or not isinstance(values, list):
        return None
    return [
        {"labels": labels, "line": entry[1]}
        if isinstance(entry, list) and len(entry) > 1 and isinstance(entry[1], str)
        else entry
        for entry in values
    ]


def _data(value: Mapping[str, Any]) -> Parts | None:
    """Loki's answers, and those of Datadog's search."""
    data = value["data"]
    if isinstance(data, dict):
        return _streams(data.get("result")) if data.get("resultType") == "streams" else None
    rows = _objects(data)
    if rows is None or not all(isinstance(row, dict) and row.get("type") == "log" for row in rows):
        return None
    return [_of_datadog(row.get("attributes")) for row in rows]


def _of_datadog(told: Any) -> Any:
    if not isinstance(told, dict):
        return told
    line, own = told.get("message"), told.get("attributes")
    is_line = isinstance(line, str) and is_record(line)
    if not is_line and isinstance(own, dict):
        return own
    return {"message": line, "host": told["host"]} if isinstance(told.get("host"), str) else line


def _records(value: Mapping[str, Any]) -> Parts | None:
    return _objects(value["records"]) if len(value) == 1 else None


def _log_messages(value: Mapping[str, Any]) -> Parts | None:
    held = value["messages"]
    ours = isinstance(held, list) and held and all(isinstance(x, dict) and "message" in x for x in held)
    return held if ours else None


def _entries(value: Mapping[str, Any]) -> Parts | None:
    held = _objects(value["entries"])
    return (
        held
        if held and all(isinstance(x, dict) and ("insertId" in x or "logName" in x) for x in held)
        else None
    )


def _alerts(value: Mapping[str, Any]) -> Parts | None:
    """Alerts that Alertmanager sends together: each has labels of its own."""
    held = _objects(value["alerts"])
    return (
        held
        if held and all(isinstance(x, dict) and isinstance(x.get("labels"), dict) for x in held)
        else None
    )


def _posted(value: Mapping[str, Any]) -> Parts | None:
    """Alerts that Kubescape's node-agent posts together, flat: each as in its own log, all with one tree."""
    spec = value["spec"] if value.get("kind") == "RuntimeAlerts" else None
    if not isinstance(spec, dict) or (held := _objects(spec.get("alerts"))) is None:
        return None
    tree = {"RuntimeProcessDetails": spec.get("processTree"), "CloudMetadata": spec.get("cloudMetadata")}
    return [_of_kubescape(alert, tree) if isinstance(alert, dict) else alert for alert in held]


def _of_kubescape(alert: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    rule = alert.get("ruleID") or alert.get("alertName")
    base = {key: part for key, part in alert.items() if key != "message"}
    return {"RuleID": rule, "BaseRuntimeMetadata": base, "RuntimeK8sDetails": alert, **more}


def _tables(value: Mapping[str, Any]) -> Parts | None:
    """Rows of Azure's Log Analytics, by the names of their columns."""
    rows = list[Any]()
    for table in value["tables"] if isinstance(value["tables"], list) else []:
        columns = table.get("columns") if isinstance(table, dict) else None
        if not isinstance(columns, list) or not isinstance(table.get("rows"), list):
            return None
        names = [str(column.get("name")) for column in columns if isinstance(column, dict)]
        rows += [
            dict(zip(names, row, strict=False)) if isinstance(row, list) else row for row in table["rows"]
        ]
    return rows or None


def _open_telemetry(value: Mapping[str, Any]) -> Parts | None:
    records = Parts()
    for resource in _objects(value.get("resourceLogs")) or []:
        parts: Parts = [resource]
        for key in ("scopeLogs", "logRecords"):
            parts = [part for one in parts if isinstance(one, dict) for part in _objects(one.get(key)) or []]
        host = _host_of_resource(resource)
        named = {} if host is None else {"host": host}
        records += [{**part, **named} if isinstance(part, dict) else part for part in parts]
    return records or None


def _host_of_resource(of: Any) -> str | None:
    """Return the node or host that a resource of OpenTelemetry names."""
    resource = of.get("resource") if isinstance(of, dict) else None
    given = resource.get("attributes") if isinstance(resource, dict) else None
    pairs = given if isinstance(given, list) else []
    values = {pair["key"]: pair.get("value") for pair in pairs if isinstance(pair, dict) and "key" in pair}
    for value in map(values.get, ("k8s.node.name", "host.name")):
        if isinstance(value, dict) and isinstance(value.get("stringValue"), str):
            return str(value["stringValue"])
    return None


LISTS: dict[str, Callable[[Mapping[str, Any]], Parts | None]] = {
    "logEvents": _messages("logEvents"),
    "events": _messages("events"),
    "hits": _hits,
    "responses": lambda value: _objects(value["responses"]) if len(value) <= 3 else None,
    "results": _results,
    "data": _data,
    "streams": lambda value: _streams(value["streams"]),
    "values": _stream,
    "records": _records,
    "messages": _log_messages,
    "entries": _entries,
    "alerts": _alerts,
    "spec": _posted,
    "tables": _tables,
    "resourceLogs": _open_telemetry,
}
"""Key of an object that may hold many, to what they are."""
