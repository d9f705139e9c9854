"""One act on the API, in every spelling of it that the API server takes: our pack sees each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures.sensors.k8s_audit.patches import asked_for
from rtml.rules.chosen import Chosen
from rtml.rules.running.run import run_all
from tests.captures.test_k8s_audit import event
from tests.rules.test_k8s_audit_pack import capture_of

MADE = {"responseStatus": {"code": 201}}
POD = {"resource": "pods", "namespace": "web", "name": "a"}
DEBUG = {**POD, "subresource": "ephemeralcontainers"}
ROOT = {"kind": "Group", "name": "system:serviceaccounts"}
CONFIG = {"resource": "configmaps", "namespace": "web", "name": "a"}
BINDING = {"resource": "clusterrolebindings", "name": "b"}
JUNK = [{"kind": "User", "name": f"u{n}"} for n in range(300)]
PRIVILEGED = {"image": "x", "securityContext": {"privileged": True}}


def pod(**spec: Any) -> dict[str, Any]:
    return {"kind": "Pod", "spec": {"containers": [{"image": "x"}], **spec}}


def mounting(path: str) -> dict[str, Any]:
    return pod(volumes=[{"hostPath": {"path": path}}])


def asked(verb: str, ref: dict[str, Any], request: Any = None, **more: Any) -> dict[str, Any]:
    return event(verb=verb, objectRef=ref, requestObject=request, **more)


SPELLINGS = {
    "secrets_listed": [
        asked("list", {"resource": "secrets"}),
        asked("watch", {"resource": "secrets", "namespace": "web"}, stage="ResponseStarted"),
        asked("deletecollection", {"resource": "secrets"}, requestURI="/api/v1/secrets?dryRun=All"),
    ],
    "secret_changed": [asked("patch", {"resource": "secrets"}, requestURI="/api/v1/x?dryRun=All")],
    "secret_deleted": [asked("deletecollection", {"resource": "secrets", "namespace": "web"})],
    "secret_created": [asked("patch", {"resource": "secrets", "namespace": "web"}, **MADE)],
    "secret_read_refused": [asked("watch", {"resource": "secrets"}, responseStatus={"code": 403})],
    "impersonation": [event(impersonatedUser={"username": "system:admin", "groups": ["system:masters"]})],
    "token_created": [
        asked("create", {"resource": "serviceaccounts", "subresource": "token"}, **MADE),
        asked("create", {"resource": "secrets"}, {"type": "kubernetes.io/service-account-token"}, **MADE),
    ],
    "proxy": [asked("create", {"resource": "nodes", "subresource": "proxy", "name": "n"})],
    "exec_or_attach": [
        asked("get", {**POD, "subresource": "exec"}, responseStatus={"code": 101}),
        asked("create", {**POD, "subresource": "attach"}, responseStatus={"code": 403}),
    ],
    "port_forward": [asked("get", {**POD, "subresource": "portforward"})],
    "ephemeral_container": [asked("update", DEBUG), asked("patch", DEBUG)],
    "privileged_pod": [
        asked("patch", POD, {"spec": {"containers": [PRIVILEGED]}}, **MADE),
        asked("patch", DEBUG, {"spec": {"ephemeralContainers": [PRIVILEGED]}}),
        asked("patch", DEBUG, [{"op": "add", "path": "/spec/ephemeralContainers/-", "value": PRIVILEGED}]),
        asked("create", POD, pod(containers=[{"image": "x"}] * 300 + [PRIVILEGED]), **MADE),
    ],
    "host_pid_pod": [asked("patch", POD, pod(hostPID=True), **MADE)],
    "sensitive_mount_pod": [
        *(
            asked("create", POD, mounting(path))
            for path in ("/etc/", "//etc", "/./etc", "/var/run", "/root/x")
        ),
        asked(
            "create",
            {"resource": "persistentvolumes", "name": "v"},
            {"kind": "PersistentVolume", "spec": {"hostPath": {"path": "/"}}},
        ),
        asked("create", {"resource": "persistentvolumes"}, {"spec": {"local": {"path": "/etc"}}}),
    ],
    "node_port_service": [
        asked("patch", {"resource": "services"}, {"spec": {"type": "NodePort"}}),
        asked(
            "patch", {"resource": "services"}, [{"op": "replace", "path": "/spec/type", "value": "NodePort"}]
        ),
    ],
    "credentials_in_config_map": [
        asked("patch", CONFIG, {"data": {"1": "password=x"}}),
        asked("patch", CONFIG, [{"op": "add", "path": "/data/1", "value": "password=x"}]),
    ],
    "bound_to_cluster_admin": [
        asked(
            "create",
            {"resource": "rolebindings", "namespace": "kube-system"},
            {"roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}},
        )
    ],
    "anonymous_access_granted": [
        asked("update", BINDING, {"subjects": [*JUNK, {"kind": "User", "name": "system:anonymous"}]}),
        asked(
            "patch",
            BINDING,
            [
                {
                    "op": "add",
                    "path": "/subjects/-",
                    "value": {"kind": "Group", "name": "system:unauthenticated"},
                }
            ],
        ),
    ],
    "admin_access_to_default_service_account": [
        asked("create", BINDING, {"roleRef": {"kind": "ClusterRole", "name": "admin"}, "subjects": [ROOT]})
    ],
    "role_with_wildcard": [
        asked("patch", {"resource": "roles"}, [{"op": "add", "path": "/rules/0/verbs/-", "value": "*"}]),
        asked("update", {"resource": "roles"}, {"rules": [{"verbs": ["get"]}] * 300 + [{"verbs": ["*"]}]}),
    ],
    "role_with_exec": [asked("update", {"resource": "roles"}, {"rules": [{"resources": ["*/exec"]}]})],
    "role_with_escalation": [asked("update", {"resource": "roles"}, {"rules": [{"verbs": ["bind"]}]})],
    "system_role_changed": [asked("deletecollection", {"resource": "clusterroles"})],
    "pod_in_system_namespace": [
        asked("patch", {"resource": "pods", "namespace": "kube-system"}, pod(), **MADE)
    ],
    "namespace_outside_list": [asked("patch", {"resource": "namespaces", "name": "evil"}, **MADE)],
}


@pytest.mark.parametrize("stem", SPELLINGS)
def test_every_spelling_of_an_act_is_seen(stem: str, tmp_path: Path):
    events = [{**one, "auditID": f"id-{n}"} for n, one in enumerate(SPELLINGS[stem])]
    ran = run_all(capture_of(tmp_path, *events), Chosen(pack=("k8s-audit",)))
    (rule,) = (rule.id for rule in ran.rules if Path(rule.source).stem == stem)
    assert ran.evaluation.table.filter(pl.col("rule") == rule)["hits"].to_list() == [len(events)]


def test_an_operation_of_a_patch_writes_where_its_path_says():
    deep = [
        {"op": "add", "path": "/a" * 40, "value": 1},
        {"op": "add", "path": "", "value": {"kind": "Role"}},
    ]
    others = [{"op": "remove", "path": "/x"}, {"op": "test", "path": "/y", "value": 1}, "junk", {"path": 7}]
    assert asked_for([*deep, *others]) == {"kind": "Role"}
    hosts = [{"op": "add", "path": f"/spec/volumes/{n}/hostPath/path", "value": f"/{n}"} for n in range(2)]
    assert asked_for(hosts) == {
        "spec": {"volumes": [{"hostPath": {"path": "/0"}}, {"hostPath": {"path": "/1"}}]}
    }
    assert asked_for({"kind": "Pod"}) == {"kind": "Pod"} and asked_for(None) == asked_for("x") == {}
