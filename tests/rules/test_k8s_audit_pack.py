"""The pack for the Kubernetes audit log, Sigma's rules for it, and callers on threat lists."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import Capture, import_capture, open_capture
from rtml.errors import RtmlError, UsageError
from rtml.rules import Rule, load, load_pack
from rtml.rules.chosen import Chosen
from rtml.rules.intelligence import load_intelligence
from rtml.rules.intelligence.callers import caller_rules
from rtml.rules.language.examples import failures, matches
from rtml.rules.language.tactics import tactic
from rtml.rules.running.run import run_all
from rtml.rules.sigma.placeholders import rule_lists
from tests.captures.test_k8s_audit import event
from tests.rules.witness import witness

FILLED = {**rule_lists(), "allowed_images": ("httpd",)}
RULES, SKIPPED = load_pack("k8s-audit", FILLED)
TACTICS = ("CredentialAccess", "DefenseEvasion", "Discovery", "Impact", "Persistence")
SINGLES = (
    "Execution:Kubernetes/ExecInKubeSystemPod",
    "Policy:Kubernetes/AdminAccessToDefaultServiceAccount",
    "Policy:Kubernetes/AnonymousAccessGranted",
    "Policy:Kubernetes/ExposedDashboard",
    "Policy:Kubernetes/KubeflowDashboardExposed",
)
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.title)


def capture_of(folder: Path, *events: dict[str, Any]) -> Capture:
    (folder / "log").write_text("".join(json.dumps(one) + "\n" for one in events))
    import_capture("k8s-audit", [folder / "log"], folder / "c")
    return open_capture(folder / "c")


def test_every_file_is_a_rule():
    assert SKIPPED == []
    assert len(RULES) >= 35


@every_rule
def test_examples(rule: Rule):
    assert failures(rule) == []


@every_rule
def test_metadata(rule: Rule):
    assert re.fullmatch(r"[A-Z]\w+:Kubernetes/[A-Z]\w+", rule.finding_type)
    assert rule.techniques and rule.description
    assert (rule.licence, rule.authors) == ("Apache-2.0", "rtml contributors")


@every_rule
def test_every_rule_fires_on_a_witness(rule: Rule):
    assert witness(rule) is not None


def test_the_25_types_of_the_catalogue_have_a_rule_or_a_list():
    anonymous = {f"{one}:Kubernetes/SuccessfulAnonymousAccess" for one in TACTICS}
    assert anonymous | set(SINGLES) <= {rule.finding_type for rule in RULES}
    families = ("MaliciousIPCaller", "MaliciousIPCaller.Custom", "TorIPCaller")
    callers = {f"{one}:Kubernetes/{family}" for one in TACTICS for family in families}
    listed = {rule.finding_type for rule in caller_rules(load_intelligence(["test"]))}
    assert callers == listed
    assert len(anonymous) + len(SINGLES) + len(callers) == 25


def test_sigmas_own_rules_compile_and_fire(sigma_set: Path):
    rules, skipped = load([sigma_set / "application/kubernetes/audit"])
    assert (len(rules), skipped) == (16, [])
    assert [rule.title for rule in rules if witness(rule) is None] == []


@pytest.mark.parametrize(
    "call, expected",
    [
        (("get", "secrets", None), "CredentialAccess"),
        (("GET", "pods", None), "Discovery"),
        (("get", None, None), "Discovery"),
        (("create", "serviceaccounts", None), "Impact"),
        (("create", "serviceaccounts", "token"), "CredentialAccess"),
        (("create", "pods", "exec"), "Impact"),
        (("get", "pods", "exec"), "Impact"),
        (("delete", "events", None), "DefenseEvasion"),
        (("delete", "pods", None), "Impact"),
        (("patch", "clusterrolebindings", None), "Persistence"),
        ((None, "pods", None), None),
        (("create", "selfsubjectaccessreviews", None), "Discovery"),
        (("weird", "x", None), "Impact"),
    ],
)
def test_tactics(call: tuple[str | None, ...], expected: str | None):
    schema = dict.fromkeys(["verb", "resource", "subresource"], pl.String)
    frame = pl.DataFrame([call], schema=schema, orient="row")
    assert frame.select(tactic()).item() == expected


def test_one_allowed_image_does_not_excuse_another():
    rule = next(rule for rule in RULES if rule.title == "Privileged pod created")
    pod = {"verb": "create", "resource": "pods", "privileged": True}
    images = [
        ["calico/node:v1"],
        ["calico/node@sha256:ab"],
        ["calico/node", "x"],
        ["xcalico/node"],
        ["calico/node\nx"],
        None,
    ]
    found = matches(rule, [{**pod, "images": one} for one in images])
    assert found == [False, False, True, True, True, True]


def test_lists_are_replaced_and_extended(tmp_path: Path):
    (tmp_path / "l.yml").write_text("allowed_users: [bob]\nallowed_namespaces: {append: [a]}\n")
    lists = rule_lists(tmp_path / "l.yml")
    assert lists["allowed_users"] == ("bob",)
    assert lists["allowed_namespaces"] == ("kube-system", "kube-public", "default", "a")
    for wrong in ("a: b", "a: [1]", "[x]", "a: {append: 1}", "{"):
        (tmp_path / "l.yml").write_text(wrong)
        with pytest.raises(UsageError, match=r"l\.yml"):
            rule_lists(tmp_path / "l.yml")
    with pytest.raises(RtmlError, match="absent"):
        rule_lists(tmp_path / "absent")


def test_an_unfilled_list_skips_its_rule_and_says_so():
    _, skipped = load_pack("k8s-audit")
    assert [Path(one.file).stem for one in skipped] == ["image_outside_list"]
    assert "allowed_images" in skipped[0].reason


def test_stages_of_one_request_are_one_hit(tmp_path: Path):
    ref = {"resource": "pods", "subresource": "exec", "namespace": "kube-system", "name": "x"}
    stages = [
        event(1, stage=s, verb="create", objectRef=ref)
        for s in ("RequestReceived", "ResponseStarted", "ResponseComplete")
    ]
    ran = run_all(capture_of(tmp_path, *stages), Chosen(pack=("k8s-audit",)))
    findings = ran.findings().filter(pl.col("type") == SINGLES[0])
    assert findings.select("count", "actor", "namespace", "pod", "container_id").rows() == [
        (1, "alice", "kube-system", "x", None)
    ]


def test_findings_are_per_actor_and_object(tmp_path: Path):
    ref = {"resource": "pods", "subresource": "exec", "namespace": "web"}
    calls = [("alice", "a"), ("alice", "a"), ("alice", "b"), ("bob\x1b[2J", "a")]
    events = [
        event(i, verb="create", user={"username": user}, objectRef={**ref, "name": pod})
        for i, (user, pod) in enumerate(calls)
    ]
    findings = run_all(capture_of(tmp_path, *events), Chosen(pack=("k8s-audit",))).findings()
    exec_in_pod = findings.filter(pl.col("type") == "Execution:Kubernetes/ExecInPod")
    assert sorted(exec_in_pod.select("actor", "pod", "count").rows()) == [
        ("alice", "a", 2),
        ("alice", "b", 1),
        ("bob\x1b[2J", "a", 1),
    ]
    assert exec_in_pod["finding_id"].n_unique() == 3
    assert all(title.isprintable() for title in findings["title"])


def test_callers_from_listed_addresses(tmp_path: Path):
    secrets = {"resource": "secrets", "namespace": "web"}
    events = [
        event(1, verb="list", objectRef=secrets, sourceIPs=["192.0.2.66"]),  # Test: Tor
        event(2, sourceIPs=["192.0.2.66"], user={"username": "system:anonymous"}),
        event(3, sourceIPs=["8.8.8.8", "192.0.2.66"]),
        event(4, sourceIPs=["8.8.8.8"]),
    ]
    ran = run_all(capture_of(tmp_path, *events), Chosen(pack=(), intel=("test",)))
    found = ran.findings().sort("first_seen")
    assert found.select("type", "severity", "actor").rows() == [
        ("CredentialAccess:Kubernetes/TorIPCaller", 8.0, "alice"),
        ("Discovery:Kubernetes/TorIPCaller", 5.0, "alice"),
    ]
