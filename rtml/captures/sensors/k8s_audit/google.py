"""Audit entries of Google Cloud as the events of `audit.k8s.io` that they were made of: what GKE exports.

Cloud Logging keeps no groups of a user and no query of a URI, and codes of gRPC in place of those of HTTP.

References
----------
https://cloud.google.com/kubernetes-engine/docs/how-to/audit-logging
"""

from __future__ import annotations

from typing import Any

from rtml.captures.sensors.k8s_audit.values import mapping, word

__all__ = ["event_of", "is_entry", "place_of"]

_SERVICE = "k8s.io"
_CODES = {0: 200, 1: 499, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429, 9: 409, 10: 409, 14: 503, 16: 401}
_OTHER_CODE = 500
_OF_NAMESPACES = ("status", "finalize")
"""Parts of a namespace itself; what else stands behind its name is a resource in it."""


def is_entry(value: Any) -> bool:
    """Tell an entry of Cloud Logging that holds an audit record, of whatever service."""
    return isinstance(value, dict) and isinstance(value.get("protoPayload"), dict)


def place_of(entry: dict[str, Any]) -> tuple[str | None, str | None]:
    """Return the cluster and the project of an entry."""
    labels = mapping(entry, "resource", "labels")
    return word(labels.get("cluster_name")), word(labels.get("project_id"))


def event_of(entry: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    """Return the event of an entry, and what is wrong with it.

    Examples
    --------
    >>> payload = {"serviceName": "k8s.io", "methodName": "io.k8s.core.v1.pods.exec.create",
    ...     "resourceName": "core/v1/namespaces/shop/pods/web-0/exec", "status": {"code": 7}}
    >>> event, problem = event_of({"protoPayload": payload, "insertId": "a"})
    >>> event["verb"], event["requestURI"], event["responseStatus"], problem
    ('create', '/api/v1/namespaces/shop/pods/web-0/exec', {'code': 403}, None)
    >>> event["objectRef"]["resource"], event["objectRef"]["subresource"], event["objectRef"]["name"]
    ('pods', 'exec', 'web-0')
    >>> event_of({"protoPayload": {"serviceName": "compute.googleapis.com"}})[1]
    'an audit entry of compute.googleapis.com, not of Kubernetes'
    """
    payload = mapping(entry, "protoPayload")
    service = word(payload.get("serviceName"), 80)
    problem = (
        None if service == _SERVICE else f"an audit entry of {service or 'no service'}, not of Kubernetes"
    )
    caller, path = mapping(payload, "requestMetadata"), word(payload.get("resourceName")) or ""
    address = word(caller.get("callerIp"))
    event = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "auditID": word(mapping(entry, "operation").get("id")) or entry.get("insertId"),
        "stage": "ResponseComplete",
        "verb": (word(payload.get("methodName")) or "").rpartition(".")[2] or None,
        "requestURI": _uri(path),
        "objectRef": _reference(path),
        "user": {"username": mapping(payload, "authenticationInfo").get("principalEmail")},
        "sourceIPs": [address] if address else [],
        "userAgent": caller.get("callerSuppliedUserAgent"),
        "responseStatus": {"code": _code(payload)},
        "annotations": entry.get("labels"),
        "requestObject": _object(payload.get("request")),
        "responseObject": _object(payload.get("response")),
        "requestReceivedTimestamp": entry.get("timestamp"),
    }
    return event, problem


def _code(payload: dict[str, Any]) -> int:
    code = mapping(payload, "status").get("code", 0)
    return _CODES.get(code, _OTHER_CODE) if type(code) is int else _OTHER_CODE


def _uri(path: str) -> str | None:
    """Return the path of a request: that of the core has no group."""
    if path.startswith("core/"):
        return f"/api/{path.removeprefix('core/')}"
    return f"/apis/{path}" if "/" in path else f"/{path}" if path else None


def _reference(path: str) -> dict[str, Any]:
    """Return what a request is about: ``group/version[/namespaces/NAME]/resource[/name[/part]]``."""
    group, _, rest = path.partition("/")
    version, _, rest = rest.partition("/")
    parts, namespace = rest.split("/") if rest else [], None
    if not parts:
        return {}
    if parts[0] == "namespaces" and len(parts) > 1:
        namespace = parts[1]
        parts = parts[2:] if len(parts) > 2 and parts[2] not in _OF_NAMESPACES else parts
    resource, name, part = (*parts[:3], None, None)[:3]
    group = "" if group == "core" else group
    named = {"resource": resource, "name": name, "namespace": namespace, "subresource": part}
    return {"apiGroup": group, "apiVersion": version, **named}


def _object(value: Any) -> Any:
    """Return an object with its kind, which stands in its type where it was left out."""
    if not isinstance(value, dict) or "kind" in value:
        return value
    kind = (word(value.get("@type")) or "").rpartition(".")[2]
    return {**value, "kind": kind} if kind else value
