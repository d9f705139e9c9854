"""The Kubernetes audit log as Google Cloud exports it: entries become the events that they were made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rtml.captures.sensors.choosing import choose
from tests.captures.test_k8s_audit import audit_of, event, read, write


def entry(method: str, resource: str, code: int = 0, **payload: Any) -> dict[str, Any]:
    """An entry of Google Cloud's audit log, as GKE exports it."""
    return {
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "authenticationInfo": {"principalEmail": "eve@example.org"},
            "methodName": method,
            "requestMetadata": {"callerIp": "192.0.2.9", "callerSuppliedUserAgent": "kubectl/v1.30"},
            "resourceName": resource,
            "serviceName": "k8s.io",
            "status": {"code": code},
            **payload,
        },
        "insertId": f"{method} {resource}",
        "resource": {"type": "k8s_cluster", "labels": {"cluster_name": "shop", "project_id": "p-1"}},
        "labels": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""},
        "timestamp": "2026-01-01T00:00:00.000001Z",
    }


@pytest.mark.parametrize(
    ("resource", "wanted"),
    [
        ("core/v1/namespaces/web/pods/a/exec", ("", "v1", "pods", "exec", "web", "a")),
        ("core/v1/namespaces/web/secrets", ("", "v1", "secrets", None, "web", None)),
        ("core/v1/namespaces/web", ("", "v1", "namespaces", None, "web", "web")),
        ("core/v1/namespaces/web/status", ("", "v1", "namespaces", "status", "web", "web")),
        ("core/v1/nodes/n-1/proxy/metrics", ("", "v1", "nodes", "proxy", None, "n-1")),
        ("apps/v1/namespaces/web/deployments/d", ("apps", "v1", "deployments", None, "web", "d")),
        (
            "rbac.authorization.k8s.io/v1/clusterroles/r",
            ("rbac.authorization.k8s.io", "v1", "clusterroles", None, None, "r"),
        ),
        ("readyz", (None, None, None, None, None, None)),
    ],
)
def test_entries_of_gke_are_the_events_that_they_were_made_of(
    resource: str, wanted: tuple[str | None, ...], tmp_path: Path
):
    log = write(tmp_path / "gke.json", entry("io.k8s.core.v1.x.create", resource))
    names = ("api_group", "api_version", "resource", "subresource", "object_namespace", "object_name")
    (row,) = audit_of(log).to_dicts()
    assert tuple(row[name] or None for name in names) == tuple(name or None for name in wanted)
    assert (row["verb"], row["username"], row["code"]) == ("create", "eve@example.org", 200)
    (event,) = read(log).events.to_dicts()
    assert (event["cluster"], event["account"], event["src_ip"]) == ("shop", "p-1", "192.0.2.9")


def test_an_entry_tells_what_was_asked_for_and_that_it_was_refused(tmp_path: Path):
    asked = {"@type": "core.k8s.io/v1.Pod", "spec": {"hostPID": True, "containers": [{"image": "a:1"}]}}
    method = "io.k8s.core.v1.pods.create"
    log = write(tmp_path / "gke.json", entry(method, "core/v1/namespaces/web/pods/a", 7, request=asked))
    assert choose([log]).sensor == "k8s-audit"
    (row,) = audit_of(log).to_dicts()
    assert (row["images"], row["host_pid"], row["code"], row["object_kind"]) == (["a:1"], True, 403, "Pod")
    assert read(log).events["result"].to_list() == [-13]


@pytest.mark.parametrize(
    "odd", [{}, {"resourceName": 7, "status": None}, {"methodName": [], "requestMetadata": 1}]
)
def test_odd_entries_are_events_or_refused_and_other_services_are_named(odd: dict[str, Any], tmp_path: Path):
    other = entry("v1.compute.instances.delete", "projects/p", serviceName="compute.googleapis.com")
    log = write(tmp_path / "gke.json", event(1), {**entry("io.k8s.get", "healthz", **odd)}, other)
    reading = read(log)
    assert reading.records == 3
    assert (
        "an audit entry of compute.googleapis.com, not of Kubernetes" in reading.rejects["reason"].to_list()
    )
