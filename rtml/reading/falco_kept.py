"""Alerts of Falco as those keep them that take them apart: Elastic, Falcosidekick's labels, Sysdig Secure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["FALCO_KEYS", "falco_alert"]

FALCO_KEYS = ("falco", "labels", "content")
"""Keys of which one is there."""
_DEEPEST = 5
_NANOSECONDS = re.compile(r"[0-9]{18,19}")
_PLACES = {
    "kubernetes.namespace.name": "k8s.ns.name",
    "kubernetes.pod.name": "k8s.pod.name",
    "container.name": "container.name",
}
"""Labels of Sysdig Secure, and the fields of Falco that say the same."""


def falco_alert(value: Mapping[str, Any], _: bool = False) -> list[Any] | None:
    """Return an alert of Falco as Falco writes it, in a list; None for what is none.

    Examples
    --------
    >>> falco_alert({"@timestamp": "", "falco": {"rule": "r", "output_fields": {}}})
    [{'rule': 'r', 'output_fields': {}}]
    >>> labels = {"source": "falco", "rule": "r", "priority": "Notice", "evt_type": "open"}
    >>> (alert,) = falco_alert({"labels": labels, "startsAt": "2027-01-01T08:45:00Z"})
    >>> alert["time"], alert["output_fields"]["evt_type"]
    ('2027-01-01T08:45:00Z', 'open')
    >>> falco_alert({"labels": {"source": "x"}})
    """
    for look in (_of_elastic, _of_alertmanager, _of_sysdig):
        alert = look(value)
        if alert is not None:
            return [alert]
    return None


def _of_elastic(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what Elastic's integration keeps beside its own fields, where it keeps the line no more."""
    alert, event = value.get("falco"), value.get("event")
    if not isinstance(alert, dict) or "rule" not in alert or "@timestamp" not in value:
        return None
    if isinstance(event, dict) and "original" in event:
        return None
    fields = alert.get("output_fields")
    return {**alert, "output_fields": dict(_dotted(fields))} if isinstance(fields, dict) else alert


def _dotted(fields: Mapping[str, Any], before: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield fields by Falco's own names, of which Elastic has made objects in objects."""
    for name, value in fields.items():
        if isinstance(value, dict) and depth < _DEEPEST:
            yield from _dotted(value, f"{before}{name}.", depth + 1)
        else:
            yield before + name, value


def _of_alertmanager(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what Falcosidekick tells Alertmanager in labels; that an alert is over is none."""
    labels = value.get("labels")
    if not isinstance(labels, dict) or labels.get("source") != "falco" or value.get("status") == "resolved":
        return None
    top = {name: labels.get(name) for name in ("rule", "priority", "hostname")}
    told = labels.get("evt_time_iso8601") or labels.get("evt_time")
    at = _of_nanoseconds(told) or value.get("startsAt")
    return {**top, "time": at, "source": labels.get("eventsource"), "output_fields": labels}


def _of_sysdig(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return an event of Sysdig Secure, whose rules and fields are Falco's."""
    content, told = value.get("content"), value.get("labels")
    if not isinstance(content, dict) or "ruleName" not in content or "timestampRFC3339Nano" not in value:
        return None
    fields = content.get("fields")
    if not isinstance(fields, dict):
        return None
    labels = told if isinstance(told, dict) else {}
    where = {field: labels[label] for label, field in _PLACES.items() if label in labels}
    container = {"container.id": value["containerId"]} if value.get("containerId") else {}
    return {
        "rule": content["ruleName"],
        "priority": str(value.get("severity", "")) or "none",
        "time": value["timestampRFC3339Nano"],
        "source": value.get("source"),
        "hostname": labels.get("host.hostName"),
        "output": content.get("output"),
        "output_fields": {**where, **container, **fields},
    }


def _of_nanoseconds(told: Any) -> str | None:
    """Return the time that an alert says it was; Alertmanager says when it came."""
    if not isinstance(told, str) or not _NANOSECONDS.fullmatch(told):
        return None
    seconds, rest = divmod(int(told), 10**9)
    at = dt.datetime.fromtimestamp(seconds, dt.UTC).replace(tzinfo=None)
    return f"{at.isoformat()}.{rest:09}Z"
